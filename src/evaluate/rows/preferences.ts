/**
 * Whether a model prefers the answers that people prefer: by its own log-probabilities, and as a reward model, by how much likelier
 * than for the model as it began it holds an answer (Rafailov et al. 2023, arXiv:2305.18290, 4).
 */
import type { Rows } from '../../data/rows/rows.ts';
import { answerBatch, pairOf, scoreAnswers } from '../../objectives/answers.ts';
import { UserError } from '../../support/errors.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import { type RowScores, type Scored, shareOf } from './row-scores.ts';

/** Pairs that are read at a time. */
const TOGETHER = 4;

export interface LikelyPair {
  /** Log-probabilities of the answers. */
  chosen: number;
  rejected: number;
}

/**
 * Log-probabilities of both answers of each row.
 *
 * @param skipBad leave out rows whose prompt leaves no room for an answer, as the training did
 * @throws UserError for such a row without it
 */
export function likelyPairs(
  { model, tokenizer, context }: Scored,
  rows: readonly Rows['preference'][],
  { skipBad = false }: { skipBad?: boolean } = {},
): LikelyPair[] {
  model.eval();
  const most = context ?? model.maxPositions;
  const pairs = rows.flatMap(row => {
    try {
      return [pairOf(tokenizer, row, most)];
    } catch (error) {
      if (skipBad && error instanceof UserError) return [];
      throw error;
    }
  });
  const found: LikelyPair[] = [];
  for (let start = 0; start < pairs.length; start += TOGETHER) {
    scope(() => {
      const part = pairs.slice(start, start + TOGETHER);
      const answers = part.flat();
      const batch = answerBatch(answers, tokenizer.padTokenId ?? 0, model.device);
      const sums = inferenceMode(() => scoreAnswers(model, batch).sums).toNumbers();
      for (const i of part.keys()) found.push({ chosen: sums[2 * i], rejected: sums[2 * i + 1] });
    });
  }
  return found;
}

/**
 * @param before what the model said as it began, without which there are no rewards
 * @param beta of the rewards
 */
export function preferenceScores(
  pairs: readonly LikelyPair[],
  { before, beta }: { before?: readonly LikelyPair[]; beta: number },
): RowScores {
  const count = pairs.length;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / count;
  const likelier = pairs.filter(({ chosen, rejected }) => chosen > rejected).length;
  const chosenLogProb = mean(pairs.map(({ chosen }) => chosen));
  if (!before) return { metrics: { likelier: likelier / count, chosenLogProb }, rows: count };
  const margins = pairs.map(
    ({ chosen, rejected }, i) => beta * (chosen - before[i].chosen - (rejected - before[i].rejected)),
  );
  const right = margins.map(margin => margin > 0);
  const margin = mean(margins);
  const error = Math.sqrt(mean(margins.map(one => (one - margin) ** 2)) / Math.max(1, count - 1));
  return {
    metrics: {
      rewardAccuracy: right.filter(Boolean).length / count,
      margin,
      likelier: likelier / count,
      chosenLogProb,
    },
    ...shareOf(right),
    intervals: { margin: [margin - NORMAL * error, margin + NORMAL * error] },
    rows: count,
  };
}

/** Of 95 %. */
const NORMAL = 1.96;
