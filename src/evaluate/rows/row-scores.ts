/** What is found of a model on rows. */
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { type Interval, wilson } from '../statistics/intervals.ts';
import { pairedDifference } from '../statistics/paired.ts';

export interface RowScores {
  /** By name, the one that decides first; shares are between 0 and 1. */
  metrics: Record<string, number>;
  /** Of the first metric with 95 % confidence, where it is a share of the rows. */
  interval?: readonly [low: number, high: number];
  /** Of other metrics. */
  intervals?: Readonly<Record<string, readonly [low: number, high: number] | undefined>>;
  rows: number;
  /** A character for each row, `1` where it is right and `0` where it is not: two models are compared row by row. */
  outcomes?: string;
}

export interface Scored {
  model: Model;
  tokenizer: Tokenizer;
  /** Most tokens that are read of a row, where the kind of rows asks. Default: as many as the model can. */
  context?: number;
}

/** Of rows that are right or not: the interval of their share, and which they are. */
export const shareOf = (right: readonly boolean[]): Pick<RowScores, 'interval' | 'outcomes'> => ({
  interval: wilson(right.filter(Boolean).length, right.length),
  outcomes: right.map(Number).join(''),
});

export interface Margin {
  /** Between −1 and 1. */
  margin: number;
  interval: Interval;
}

/** How much larger the share of right rows is, in which the same rows were asked: its 95 % interval is of the differences row by row. */
export function marginOver(own: RowScores, other: RowScores): Margin | undefined {
  if (own.outcomes === undefined || own.outcomes.length !== other.outcomes?.length) return;
  if (own.outcomes.length < 2) return; // no spread, no interval
  const [a, b] = [own, other].map(({ outcomes }) => Array.from(outcomes!, Number));
  const { difference, z } = pairedDifference(a, b);
  return { margin: difference, interval: z.interval };
}
