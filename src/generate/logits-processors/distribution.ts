/** Probabilities and entropy of logits, for the processors that filter by them. */
import { maximum } from './select.ts';

/** What the filters need to know of softmax(logits), computed in float64 without overflow. */
export interface Distribution {
  /** exp(logit − max): [vocabulary]. Valid until the next call. */
  weights: Float64Array;
  /** The sum of the weights. */
  total: number;
  /** The largest logit. */
  max: number;
}

let buffer = new Float64Array(0);

/** The unnormalised softmax of a row. Undefined when every token is forbidden. */
export function distributionOf(logits: Float32Array): Distribution | undefined {
  const max = maximum(logits);
  if (max === Number.NEGATIVE_INFINITY) return undefined;
  if (buffer.length !== logits.length) buffer = new Float64Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i];
    const weight = x === Number.NEGATIVE_INFINITY ? 0 : Math.exp(x - max);
    buffer[i] = weight;
    total += weight;
  }
  return { weights: buffer, total, max };
}

/** Entropy of softmax(logits) in nats. */
export function entropyOf(logits: Float32Array, { weights, total, max }: Distribution): number {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) if (weights[i] > 0) sum += weights[i] * (logits[i] - max);
  return Math.log(total) - sum / total;
}
