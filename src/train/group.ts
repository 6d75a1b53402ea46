/** The processes of a run. Sums are made in the order of ranks, so that they have the same bits each time. */
import type { Tensor } from '../torch/index.ts';

export interface Group {
  readonly rank: number;
  readonly size: number;
  /** Sums each tensor over the processes, in place. */
  sum(tensors: readonly Tensor[]): void;
  sumNumbers(values: readonly number[]): number[];
}

/** One process. */
export const alone: Group = { rank: 0, size: 1, sum: () => {}, sumNumbers: values => [...values] };
