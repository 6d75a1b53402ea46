/** How Tercom cuts texts into words (Snover et al. 2006), as sacreBLEU 2 does it. */
import { unescaped } from './bleu-tokenizers.ts';
import { wordsOf } from './words.ts';

export interface TerOptions {
  /** Punctuation becomes words of its own. Default false. */
  normalized?: boolean;
  /** Leave punctuation out. Default false. */
  noPunct?: boolean;
  /** Split Chinese and Japanese, where `normalized`. Default false. */
  asianSupport?: boolean;
  /** Default false. */
  caseSensitive?: boolean;
}

export function terWords(text: string, { normalized, noPunct, asianSupport, caseSensitive }: TerOptions): string[] {
  let result = caseSensitive ? text : text.toLowerCase();
  if (normalized) result = asianSupport ? asian(western(result)) : western(result);
  if (noPunct) {
    result = result.replace(/[.,?:;!"()]/g, '');
    if (asianSupport) result = result.replace(ASIAN_MARKS, '').replace(FULL_WIDTH_MARKS, '');
  }
  return wordsOf(result);
}

const ASIAN_MARKS = /([\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb])/g;
const FULL_WIDTH_MARKS = /([\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09])/g;

const western = (text: string): string =>
  ` ${unescaped(text.replaceAll('\n-', '').replaceAll('\n', ' '))} `
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/'s /g, " 's ")
    .replace(/'s$/g, " 's")
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');

/** Characters of Chinese writing and marks by themselves; a text that is kana alone as one word. */
const asian = (text: string): string =>
  [
    /([\u4e00-\u9fff\u3400-\u4dbf])/g,
    /([\u31c0-\u31ef\u2e80-\u2eff])/g,
    /([\u3300-\u33ff\uf900-\ufaff\ufe30-\ufe4f])/g,
    /([\u3200-\u3f22])/g,
  ]
    .reduce((result, characters) => result.replace(characters, ' $1 '), text)
    .replace(/^([\u3040-\u309f]+)(?=$)/g, ' $1 ')
    .replace(/^([\u30a0-\u30ff]+)(?=$)/g, ' $1 ')
    .replace(/^([\u31f0-\u31ff]+)(?=$)/g, ' $1 ')
    .replace(ASIAN_MARKS, ' $1 ')
    .replace(FULL_WIDTH_MARKS, ' $1 ');
