/** Twin of WikiText (Merity et al. 2017): its tokens put together again, its words counted as they were. */
import { pythonRegex, substitute } from '../../../support/python-regex.ts';
import { rollingScores } from '../rolling-scores.ts';
import { type TwinFile, text } from './twin.ts';

/** In this order: a text and what comes in its place, or a pattern of Python. */
const CHANGES: readonly (readonly [from: string, to: string, isPattern?: boolean])[] = [
  ["s '", "s'"],
  ["/' [0-9]/", "/'[0-9]/", true],
  [' @-@ ', '-'],
  [' @,@ ', ','],
  [' @.@ ', '.'],
  ...[':', ';', '.', '!', '?', ','].map(mark => [` ${mark} `, `${mark} `] as const),
  ['\\(\\s*([^\\)]*?)\\s*\\)', '(\\1)', true],
  ['\\[\\s*([^\\]]*?)\\s*\\]', '[\\1]', true],
  ['{\\s*([^}]*?)\\s*}', '{\\1}', true],
  ['"\\s*([^"]*?)\\s*"', '"\\1"', true],
  ["'\\s*([^']*?)\\s*'", "'\\1'", true],
  ['= = = =', '===='],
  ['= = =', '==='],
  ['= =', '=='],
  [' ° ', '°'],
  [' \n', '\n'],
  ['\n ', '\n'],
  [' N ', ' 1 '],
  [" 's", "'s"],
];

const detokenized = (page: string): string =>
  CHANGES.reduce(
    (left, [from, to, isPattern]) =>
      isPattern ? substitute(pythonRegex(from), to, left) : left.replaceAll(from, () => to),
    page,
  );

export const wikitext: TwinFile = {
  file: 'wikitext/preprocess_wikitext.py',
  sha256: 'a44020374b172159bf5be80a64d2c4194c9d5c77284f696ac666361338c8da7d',
  functions: {
    wikitext_detokenizer: { field: doc => detokenized(text(doc, 'page')) },
    process_results: { results: (doc, [logProb]) => ({ ...rollingScores(text(doc, 'page'), logProb as number) }) },
  },
};
