/** Exact match and F1 of Chinese answers as CMRC 2018 counts them (Cui et al. 2019): characters, and the longest run that both have. */
import { strip, wordsOf } from './words.ts';

const HAN = /[\u4e00-\u9fa5]/;
/** What its script leaves out. */
const MARKS = new Set('-:_*^/\\~`+=，。：？！“”；’《》……·、「」（）－～『』');

/** Characters of Chinese, and words of what stands between them. */
export function cmrcSegments(text: string): string[] {
  const spaced = Array.from(strip(text.toLowerCase()), char =>
    MARKS.has(char) ? '' : HAN.test(char) ? ` ${char} ` : char,
  );
  return wordsOf(spaced.join(''));
}

export const cmrcExactMatch = (prediction: string, answers: readonly string[]): boolean =>
  answers.some(answer => withoutMarks(answer) === withoutMarks(prediction));

const withoutMarks = (text: string): string =>
  Array.from(strip(text.toLowerCase()), char => (MARKS.has(char) ? '' : char)).join('');

/** With the answer that suits best. */
export const cmrcF1 = (prediction: string, answers: readonly string[]): number =>
  Math.max(0, ...answers.map(answer => f1Of(cmrcSegments(prediction), cmrcSegments(answer))));

function f1Of(prediction: readonly string[], answer: readonly string[]): number {
  const shared = longestRun(prediction, answer);
  return shared === 0 ? 0 : (2 * shared) / (prediction.length + answer.length);
}

/** Length of the longest run of parts that both have. */
function longestRun(a: readonly string[], b: readonly string[]): number {
  let most = 0;
  let before = new Uint32Array(b.length + 1);
  for (const part of a) {
    const here = new Uint32Array(b.length + 1);
    for (let j = 0; j < b.length; j++) {
      if (part !== b[j]) continue;
      here[j + 1] = before[j] + 1;
      most = Math.max(most, here[j + 1]);
    }
    before = here;
  }
  return most;
}
