/** Examples of unequal length as one tensor, and the predictions that count gathered out of it. */
import type { LMHead } from '../models/heads/lm.ts';
import type { MaskedLMHead } from '../models/heads/masked-lm.ts';
import { IGNORE_INDEX, tokenLoss } from '../models/losses.ts';
import { type Device, int64Tensor, isGradEnabled, type Tensor } from '../torch/index.ts';
import type { Means } from './objective.ts';
import { squaredLogZ } from './z-loss.ts';

/** int64 [values] */
export const int64Of = (values: ArrayLike<number>, device: Device): Tensor =>
  int64Tensor(values, [values.length], { device });

/** The longest of the rows. */
export const longest = (rows: readonly ArrayLike<number>[]): number =>
  rows.reduce((most, { length }) => Math.max(most, length), 0);

/** int64 [rows, longest], filled on the right. */
export function padRows(rows: readonly ArrayLike<number>[], fill: number, device: Device): Tensor {
  const time = longest(rows);
  const values = new Float64Array(rows.length * time).fill(fill);
  for (const [i, row] of rows.entries()) values.set(row, i * time);
  return int64Tensor(values, [rows.length, time], { device });
}

/**
 * int64 [rows, longest]: 1 for tokens, 0 for padding; undefined where there is no padding, since attention is faster
 * then.
 */
export function attentionMaskOf(rows: readonly ArrayLike<number>[], device: Device): Tensor | undefined {
  const time = longest(rows);
  if (rows.every(({ length }) => length === time)) return undefined;
  return padRows(
    rows.map(({ length }) => new Uint8Array(length).fill(1)),
    0,
    device,
  );
}

/** The predictions of a batch that count, so that the output layer is applied there alone. */
export interface Targets {
  /** int64 [n]: row · time + position */
  places: Tensor;
  /** int64 [n]: what is to be predicted there */
  labels: Tensor;
  count: number;
}

/** @param rows labels of each example, −100 where there is no prediction */
export function targetsOf(rows: readonly ArrayLike<number>[], device: Device): Targets {
  const time = longest(rows);
  const [places, labels]: [number[], number[]] = [[], []];
  for (const [i, row] of rows.entries()) {
    for (let t = 0; t < row.length; t++) {
      if (row[t] === IGNORE_INDEX) continue;
      places.push(i * time + t);
      labels.push(row[t]);
    }
  }
  return { places: int64Of(places, device), labels: int64Of(labels, device), count: places.length };
}

/** [batch, time, hidden] → [n, hidden] */
export const statesAt = (states: Tensor, { places }: Targets): Tensor =>
  states.reshape([-1, states.size(-1)]).indexSelect(0, places);

/**
 * Mean cross-entropy (`words`) and, where no gradients are recorded, the share of words guessed right (`accuracy`).
 *
 * @param options.zLoss whether to give the mean of log² Z too. Default false
 */
export function wordMeans(
  head: MaskedLMHead | LMHead,
  states: Tensor,
  targets: Targets,
  { zLoss = false }: { zLoss?: boolean } = {},
): Means {
  if (targets.count === 0) return {};
  const x = statesAt(states, targets);
  if (isGradEnabled() && !zLoss) return { words: head.loss(x, targets.labels) };
  const scores = head.scores(x);
  return {
    words: tokenLoss(scores, targets.labels),
    ...(!isGradEnabled() && { accuracy: shareRight(scores, targets.labels) }),
    ...(zLoss && { zLoss: squaredLogZ(scores).mean() }),
  };
}

/**
 * How often the highest score is that of the label.
 *
 * @param scores [n, classes]
 * @param labels int64 [n]
 */
export const shareRight = (scores: Tensor, labels: Tensor): Tensor =>
  scores.argmax({ dim: -1 }).eq(labels).to('float32').mean();
