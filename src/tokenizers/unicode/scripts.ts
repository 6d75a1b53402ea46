/** Unicode scripts of characters and of tokens. */

const SCRIPTS = [
  'Latin',
  'Han',
  'Cyrillic',
  'Greek',
  'Arabic',
  'Hebrew',
  'Hangul',
  'Hiragana',
  'Katakana',
  'Devanagari',
  'Bengali',
  'Thai',
  'Tamil',
  'Telugu',
  'Gujarati',
  'Gurmukhi',
  'Kannada',
  'Malayalam',
  'Sinhala',
  'Khmer',
  'Lao',
  'Myanmar',
  'Tibetan',
  'Georgian',
  'Armenian',
  'Ethiopic',
  'Mongolian',
  'Syriac',
  'Thaana',
];
/** Digits, punctuation, spaces, symbols and marks, which belong to no script. */
export const COMMON = 'Common';
const OTHER = 'Other';

const tests = SCRIPTS.map(name => [name, new RegExp(`\\p{Script=${name}}`, 'u')] as const);
const NONE = /[\p{Script=Common}\p{Script=Inherited}]/u;
const known = new Map<string, string>();

/** The script of a character; rare scripts are `Other`. */
export function scriptOfCharacter(char: string): string {
  let script = known.get(char);
  if (script === undefined) {
    script = NONE.test(char) ? COMMON : (tests.find(([, test]) => test.test(char))?.[0] ?? OTHER);
    known.set(char, script);
  }
  return script;
}

/** The script of the first character that has one. */
export function scriptOf(text: Iterable<string>): string {
  for (const char of text) {
    const script = scriptOfCharacter(char);
    if (script !== COMMON) return script;
  }
  return COMMON;
}
