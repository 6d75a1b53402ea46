/**
 * What a model in training writes, and what that is worth: answers are drawn from the weights as they are and judged by rewards.
 * Draws follow from (seed, step, row): a run that goes on draws them again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Model } from '../../models/model.ts';
import type { PromptExample, WrittenAnswer } from '../../objectives/exploration.ts';
import type { AnyObjective } from '../../objectives/objective.ts';
import { randomFor } from '../../support/random.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { autocast, type DType, inferenceMode, scope } from '../../torch/index.ts';
import type { Trainable } from '../../train/trainable.ts';
import { openJudge } from '../rewards/judge.ts';
import {
  heldParts,
  isLearnt,
  noteAnswers,
  partsHeld,
  type RolloutState,
  requireDifferences,
  rolloutState,
  savedState,
} from './rollout-state.ts';
import { writeAnswers } from './write-answers.ts';

export interface Rollouts {
  /**
   * Examples of the micro-batches of a step, with answers; undefined when the signal stopped it.
   *
   * @throws UserError when a reward fails, or tells no answers apart
   */
  explore(step: number, parts: readonly unknown[][], signal?: AbortSignal): Promise<unknown[][] | undefined>;
  /** Examples that are held out, each with its most probable answer. Dropout is to be off. */
  evaluate(examples: readonly unknown[]): Promise<unknown[]>;
  /** Some answers of the last step. */
  samples(): RolloutState['shown'];
  /** Rewards have risen until they tell no answers apart. */
  isLearnt(): boolean;
  /** What a run that goes on must know of it. */
  state(): unknown;
  close(): Promise<void>;
}

export interface RolloutOptions {
  trainable: Trainable;
  objective: AnyObjective;
  tokenizer: Tokenizer;
  /** Tokens that end an answer. */
  eosTokenId: number | readonly number[] | null;
  seed: number;
  dtype: DType;
  /** The model as the run began, for an objective that asks for it. Default: that of `trainable` without what is trained. */
  reference?: Model;
  /** What `state` gave. */
  state?: unknown;
}

/** In place of an example's number. */
const WRITING = 2 ** 40 + 3;

/** Starts the rewards. */
export async function openRollouts(options: RolloutOptions): Promise<Rollouts> {
  const { trainable, objective, tokenizer, eosTokenId, seed, dtype } = options;
  const { model } = trainable;
  const { reference = model } = options;
  const exploration = objective.explores!;
  const { rewards, numGenerations, numIterations, timeLimit, maxNewTokens, temperature } = exploration.options;
  const judge = await openJudge(rewards, { timeLimit, device: model.device });
  const state = rolloutState(options.state);
  reference.eval();

  const quietly = <T>(body: () => T): T => scope(() => inferenceMode(() => autocast(dtype, body)));
  /** Log-probabilities of the tokens of each answer. */
  const scored = (answers: readonly WrittenAnswer[], one: Model, run: Trainable['run']): number[][] => {
    const flat = quietly(() => run(() => exploration.logProbs(one, answers, one.device).toNumbers()));
    let at = 0;
    return answers.map(({ ids, prompt }) => Array.from({ length: ids.length - prompt }, () => flat[at++]));
  };
  const write = async (
    examples: readonly PromptExample[],
    { copies, drawn }: { copies: number; drawn?: number },
  ): Promise<WrittenAnswer[][]> => {
    const writing = { copies, seed: drawn, maxNewTokens, temperature, eosTokenId };
    const written = quietly(() => trainable.run(() => writeAnswers(model, tokenizer, examples, writing)));
    const owners = written.map((_, i) => examples[Math.floor(i / copies)]);
    const items = written.map(({ text: completion }, i) => {
      const { prompt, columns } = owners[i];
      return { prompt, completion, columns };
    });
    const places = owners.map(({ place }) => place);
    const values = await judge.score(items, places);
    return examples.map((_, i) =>
      written.slice(i * copies, (i + 1) * copies).map((one, j) => ({ ...one, rewards: values[i * copies + j] })),
    );
  };
  /** Answers with the log-probabilities that the objective asks for. */
  const known = (groups: readonly WrittenAnswer[][]): WrittenAnswer[][] => {
    const { needs } = exploration;
    const all = groups.flat();
    const old = needs.old ? scored(all, model, trainable.run) : undefined;
    const before = needs.reference ? scored(all, reference, body => body()) : undefined;
    let at = 0;
    return groups.map(group =>
      group.map(one => {
        const i = at++;
        return { ...one, ...(old && { old: old[i] }), ...(before && { reference: before[i] }) };
      }),
    );
  };
  const judged = (
    parts: readonly PromptExample[][],
    written: readonly (readonly WrittenAnswer[][])[],
  ): PromptExample[][] => {
    const examples = exploration.judged(parts.flat(), written.flat()) as PromptExample[];
    return parts.map(({ length }) => examples.splice(0, length));
  };

  const writeAll = async (
    step: number,
    parts: readonly PromptExample[][],
    signal: AbortSignal | undefined,
  ): Promise<WrittenAnswer[][][] | undefined> => {
    trainable.eval();
    try {
      const written: WrittenAnswer[][][] = [];
      for (const [part, examples] of parts.entries()) {
        if (signal?.aborted) return undefined;
        const drawn = randomFor(seed, step, WRITING + part).below(2 ** 31);
        written.push(known(await write(examples, { copies: numGenerations, drawn })));
        await nextTurn();
      }
      return written;
    } finally {
      trainable.train();
    }
  };

  return {
    async explore(step, given, signal) {
      if (step % numIterations !== 0 && state.held) return judged(...partsHeld(state.held));
      const parts = given as PromptExample[][];
      const written = await writeAll(step, parts, signal);
      if (written === undefined) return undefined;
      const examples = judged(parts, written);
      if (numIterations > 1) state.held = heldParts(parts, written);
      noteAnswers(state, examples.flat(), tokenizer);
      requireDifferences(state, numGenerations);
      return examples;
    },
    async evaluate(examples) {
      const prompts = examples as readonly PromptExample[];
      return exploration.rewarded(prompts, await write(prompts, { copies: 1 }));
    },
    samples: () => state.shown,
    isLearnt: () => isLearnt(state),
    state: () => savedState(state),
    close: () => judge.close(),
  };
}
