/**
 * Learning from answers that the model itself has written: what is asked, how answers are drawn, and what becomes of an example
 * once its answers and their rewards are known. Whoever runs the model and the rewards is `runs/rollouts`.
 */
import { z } from 'zod';
import type { Said } from '../data/rows/rows.ts';
import type { Model } from '../models/model.ts';
import type { Device, Tensor } from '../torch/index.ts';
import type { Answer } from './answer.ts';
import { rewardsOption } from './reward-options.ts';

/** What GRPO and RLOO have in common; names are TRL's. */
export const explorationKeys = {
  /** What answers are worth: `exact`, `numeric`, …, or ./reward.mjs; several are added by their weights. */
  rewards: rewardsOption,
  /** Answers that are written to each prompt. */
  numGenerations: z.int().min(2).default(8),
  /** Most tokens of an answer. */
  maxNewTokens: z.int().positive().default(64),
  /** Of the distribution that tokens are drawn from, and learnt. */
  temperature: z.number().positive().default(1),
  /** Updates that are made on the same answers before new ones are written. */
  numIterations: z.int().positive().default(1),
  /** How far the ratio to the model that wrote the answers may fall below 1 and rise above it, where there are several updates. */
  epsilon: z.number().positive().lt(1).default(0.2),
  epsilonHigh: z.number().positive().optional(),
  /** How dear it is to leave the model as it began. */
  beta: z.number().min(0).default(0),
  /** Seconds that a reward may take for an answer. */
  timeLimit: z.number().positive().default(10),
};

export const explorationOptions = z.object(explorationKeys);
/** How a model writes the answers that it learns from. */
export type ExplorationOptions = z.output<typeof explorationOptions>;

/** An answer that the model has written. */
export interface WrittenAnswer extends Answer {
  text: string;
  /** It ended by itself, and was not cut. */
  isWhole: boolean;
  /** Of each reward; null where it has nothing to say. */
  rewards: readonly (number | null)[];
  /** Log-probabilities of its tokens by the model that wrote it, and by the model as it began. */
  old?: ArrayLike<number>;
  reference?: ArrayLike<number>;
}

export interface JudgedAnswer extends WrittenAnswer {
  /** Rewards by their weights; null where none has anything to say. */
  reward: number | null;
  /** How much better it is than the others to its prompt; undefined where nothing is learnt from it. */
  advantage?: number;
}

export interface PromptExample {
  /** The prompt, which asks for an answer. */
  ids: Uint32Array;
  prompt: Said;
  columns: Readonly<Record<string, unknown>>;
  /** File and row. */
  place: string;
  answers?: readonly JudgedAnswer[];
}

export interface Exploration<Example = PromptExample> {
  readonly options: ExplorationOptions;
  /** Which log-probabilities examples are to know. */
  readonly needs: { readonly old: boolean; readonly reference: boolean };
  /** float32 [n]: log-probabilities of the tokens of all answers, one after another */
  logProbs(model: Model, answers: readonly Answer[], device: Device): Tensor;
  /**
   * Examples with answers to learn from.
   *
   * @param written those to each example
   */
  judged(examples: readonly Example[], written: readonly (readonly WrittenAnswer[])[]): Example[];
  /** The same where nothing is to be learnt, in evaluations. */
  rewarded(examples: readonly Example[], written: readonly (readonly WrittenAnswer[])[]): Example[];
}
