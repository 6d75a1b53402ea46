/** How sacreBLEU 2 cuts texts into words before it counts them (Post 2018, arXiv:1804.08771). */
import { strip, stripEnd, wordsOf } from './words.ts';

/** `13a`: mteval-v13a, the default; `zh`: each Chinese character a word; `intl`: by Unicode's categories. */
export type BleuTokenizer = '13a' | 'zh' | 'intl' | 'char' | 'none';

export const bleuTokenizers: Record<BleuTokenizer, (text: string) => string> = {
  '13a': text => {
    const joined = text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
    return western(` ${unescaped(joined)} `);
  },
  zh: text => western(Array.from(strip(text), char => (isChinese(char) ? ` ${char} ` : char)).join('')),
  intl: text =>
    spaced(
      text
        .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
        .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
        .replace(/(\p{S})/gu, ' $1 '),
    ),
  char: text => [...text].join(' '),
  none: text => text,
};

/** The words that are counted. */
export const bleuWords = (text: string, tokenizer: BleuTokenizer, lowercase: boolean): string[] =>
  wordsOf(bleuTokenizers[tokenizer](stripEnd(lowercase ? text.toLowerCase() : text)));

const spaced = (text: string): string => wordsOf(text).join(' ');

/** The entities that old corpora hold. */
export const unescaped = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');

/** Punctuation by itself; periods, commas and hyphens inside numbers stay where they are. */
export const western = (text: string): string =>
  spaced(
    text
      .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
      .replace(/([^0-9])([.,])/gu, '$1 $2 ')
      .replace(/([.,])([^0-9])/gu, ' $1 $2')
      .replace(/([0-9])(-)/g, '$1 $2 '),
  );

/**
 * The ranges of sacreBLEU's `zh`. Two that were meant to lie beyond U+FFFF are compared as texts of two characters there, so
 * that U+2001 to U+2A6D (dashes, quotation marks, arrows) and U+2F81 to U+2FA1 count as Chinese.
 */
const CHINESE: readonly (readonly [from: number, to: number])[] = [
  [0x2001, 0x2a6d],
  [0x2e80, 0x303f],
  [0x3100, 0x312f],
  [0x31a0, 0x31bf],
  [0x31c0, 0x31ef],
  [0x3200, 0x33ff],
  [0x3400, 0x4db5],
  [0x4e00, 0x9fbb],
  [0xf900, 0xfa2d],
  [0xfa30, 0xfa6a],
  [0xfa70, 0xfad9],
  [0xfe10, 0xfe1f],
  [0xfe30, 0xfe4f],
  [0xff00, 0xffef],
];

function isChinese(char: string): boolean {
  const code = char.codePointAt(0)!;
  return CHINESE.some(([from, to]) => from <= code && code <= to);
}
