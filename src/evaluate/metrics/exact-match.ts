/** Whether an answer is the reference, letter by letter, after what is to be ignored has been taken out of both. */
import { pythonRegex } from '../../support/python-regex.ts';
import { PUNCTUATION } from './words.ts';

export interface ExactMatchOptions {
  ignoreCase?: boolean;
  /** ASCII punctuation. */
  ignorePunctuation?: boolean;
  /** ASCII digits. */
  ignoreNumbers?: boolean;
  /** Python's, one after the other. */
  regexesToIgnore?: readonly string[];
}

export function exactMatch(prediction: string, reference: string, options: ExactMatchOptions = {}): boolean {
  const regexes = (options.regexesToIgnore ?? []).map(pythonRegex);
  const plain = (text: string): string => {
    let rest = regexes.reduce((left, regex) => left.replace(regex, ''), text);
    if (options.ignoreCase) rest = Array.from(rest, lower).join('');
    if (options.ignorePunctuation) rest = Array.from(rest, char => (PUNCTUATION.includes(char) ? '' : char)).join('');
    return trimZeros(options.ignoreNumbers ? rest.replace(/[0-9]/g, '') : rest);
  };
  return plain(prediction) === plain(reference);
}

/** Character by character, as numpy does it: İ becomes i. */
const lower = (char: string): string => String.fromCodePoint(char.toLowerCase().codePointAt(0)!);

/** Texts in numpy's arrays end before U+0000. */
const trimZeros = (text: string): string => text.replace(/\0+$/, '');
