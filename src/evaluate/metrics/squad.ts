/** Exact match and F1 of answers as SQuAD's own script counts them (Rajpurkar et al. 2016, 2018). */
import { ratio } from './f1.ts';
import { countNgrams, countShared, PUNCTUATION, wordsOf } from './words.ts';

/** Lower case, without ASCII punctuation, articles and surplus white space. */
export function normalizeAnswer(text: string): string {
  const plain = Array.from(text.toLowerCase(), char => (PUNCTUATION.includes(char) ? '' : char)).join('');
  return wordsOf(plain.replace(/\b(?:a|an|the)\b/gu, ' ')).join(' ');
}

export const squadExactMatch = (prediction: string, answers: readonly string[]): boolean =>
  answers.some(answer => normalizeAnswer(answer) === normalizeAnswer(prediction));

/** With the answer that suits best; where one side is empty, 1 if both are. */
export const squadF1 = (prediction: string, answers: readonly string[]): number =>
  Math.max(0, ...answers.map(answer => f1Of(normalizeAnswer(prediction), normalizeAnswer(answer))));

function f1Of(prediction: string, answer: string): number {
  const [own, other] = [wordsOf(prediction), wordsOf(answer)];
  if (own.length === 0 || other.length === 0) return Number(own.length === other.length);
  const shared = countShared(countNgrams(own, 1), countNgrams(other, 1));
  return ratio(2 * shared, own.length + other.length);
}
