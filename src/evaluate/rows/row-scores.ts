/** What is found of a model on rows. */
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { wilson } from '../statistics/intervals.ts';

export interface RowScores {
  /** By name, the one that decides first; shares are between 0 and 1. */
  metrics: Record<string, number>;
  /** Of the first metric with 95 % confidence, where it is a share of the rows. */
  interval?: readonly [low: number, high: number];
  /** Of other metrics. */
  intervals?: Readonly<Record<string, readonly [low: number, high: number] | undefined>>;
  rows: number;
}

export interface Scored {
  model: Model;
  tokenizer: Tokenizer;
  /** Most tokens that are read of a row, where the kind of rows asks. Default: as many as the model can. */
  context?: number;
}

/** The share of rows that are right, with its interval. */
export const shareOf = (right: number, rows: number): Pick<RowScores, 'interval'> => ({
  interval: wilson(right, rows),
});
