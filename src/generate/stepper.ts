/**
 * What generation needs of a model: sequences in a batch that grow by a token a step. How a model remembers what it has
 * seen, and where its prompt goes, stays behind this interface.
 */
import { type Device, fromTypedArray, type Tensor } from '../torch/index.ts';

/** One batch of sequences growing step by step, whatever the architecture. */
export interface Stepper extends Disposable {
  /**
   * Feeds tokens that the model has not seen and gives the logits of the next one. Rows of the first call may differ in
   * length; afterwards every row gets as many tokens.
   *
   * @returns one Float32Array [vocab] a row; the caller may change them
   */
  step(input: readonly ArrayLike<number>[]): Float32Array[];
  /** Keeps these rows of the batch, in that order, repeats allowed: finished rows leave, beams change places. */
  selectRows(rows: readonly number[]): void;
}

/** int64 of this shape. */
export const int64 = (values: ArrayLike<number>, shape: readonly number[], device: Device): Tensor =>
  fromTypedArray(BigInt64Array.from(Array.from(values), BigInt), shape, { copy: false }).to({ device });

export const repeat = (value: number, count: number): number[] => new Array<number>(count).fill(value);

/** Rows of a batch made as long as the longest, `value` in front or behind. */
export function padRows(rows: readonly ArrayLike<number>[], side: 'left' | 'right', value: number): number[][] {
  const longest = Math.max(...rows.map(row => row.length));
  return rows.map(row => {
    const padding = repeat(value, longest - row.length);
    return side === 'left' ? [...padding, ...Array.from(row)] : [...Array.from(row), ...padding];
  });
}

/** 1 for each token, 0 where `padRows` puts padding; where a mask is given, that. */
export const padMask = (
  rows: readonly ArrayLike<number>[],
  side: 'left' | 'right',
  mask: readonly ArrayLike<number>[] = rows.map(row => repeat(1, row.length)),
): number[][] => padRows(mask, side, 0);

/** [batch, 1, vocab] on any device → a Float32Array [vocab] a row. */
export function logitRows(logits: Tensor): Float32Array[] {
  const [batch, vocab] = [logits.size(0), logits.size(-1)];
  const all = new Float32Array(batch * vocab);
  logits.copyTo(all);
  return Array.from({ length: batch }, (_, r) => all.subarray(r * vocab, (r + 1) * vocab));
}
