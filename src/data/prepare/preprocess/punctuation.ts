/** Preprocessing: text without punctuation. */
import { type Changed, countCharacters } from './changed.ts';

/** Unicode's punctuation, and the symbols that Python's `string.punctuation` counts to it. */
const PUNCTUATION = /[\p{P}$+<=>^`|~]+/gu;
const APOSTROPHE = /^['’]$/;
const SEPARATE = /[\s\u3000]/;

/**
 * Leaves punctuation out. Where two words would run together a space takes its place, but for an apostrophe: `well-known`
 * becomes `well known`, `don't` `dont`.
 */
export function stripPunctuation(text: string): Changed {
  let characters = 0;
  const result = text.replace(PUNCTUATION, (match, at: number) => {
    characters += countCharacters(match);
    const [before, after] = [text[at - 1], text[at + match.length]];
    const joins = before !== undefined && after !== undefined && !SEPARATE.test(before) && !SEPARATE.test(after);
    if (joins) return APOSTROPHE.test(match) ? '' : ' ';
    return '';
  });
  // Of the two spaces around a dash one is left.
  return { text: characters === 0 ? text : result.replace(/(\S) {2,}(?=\S)/g, '$1 '), characters };
}
