/** Addresses and numbers, which hardly ever come twice, as one token each. */
import { type Changed, replaceAll } from './changed.ts';

export const REPLACEMENTS = ['urls', 'emails', 'numbers'] as const;
export type Replacement = (typeof REPLACEMENTS)[number];

/** What stands in their place. */
export const PLACEHOLDERS: Readonly<Record<Replacement, string>> = {
  urls: '<url>',
  emails: '<email>',
  numbers: '<number>',
};

/** Letters of scripts that set words apart: a digit beside one of them is a part of a word, as in mp3. */
const LETTER = String.raw`[^\P{L}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]`;

const PATTERNS: Readonly<Record<Replacement, RegExp>> = {
  // Characters of RFC 3986 but for parentheses and quotes; a full stop or comma at the end is the sentence's.
  urls: /(?<![A-Za-z0-9@])(?:(?:https?|ftp):\/\/|www\.)[!#-&*-;=?-~]*[A-Za-z0-9/#=&_~-]/gi,
  emails: /(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,}/g,
  numbers: new RegExp(
    String.raw`(?<!${LETTER}|[\p{N}_]|\p{N}[.,:])\p{Nd}+(?:[.,:]\p{Nd}+)*(?:\s?[%％‰])?(?!${LETTER}|[\p{N}_])`,
    'gu',
  ),
};

export const replaceKind = (text: string, kind: Replacement): Changed =>
  replaceAll(text, PATTERNS[kind], PLACEHOLDERS[kind]);

const ANY_PLACEHOLDER = new RegExp(`(${Object.values(PLACEHOLDERS).join('|')})`);

/** A step for what lies between placeholders, which stay as they are. */
export function betweenPlaceholders(text: string, step: (part: string) => Changed): Changed {
  let characters = 0;
  const parts = text.split(ANY_PLACEHOLDER).map((part, i) => {
    if (i % 2 === 1) return part;
    const changed = step(part);
    characters += changed.characters;
    return changed.text;
  });
  return { text: parts.join(''), characters };
}
