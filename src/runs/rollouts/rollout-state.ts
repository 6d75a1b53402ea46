/**
 * What a run must know of what its model has written: answers that more updates are made on, whether the rewards tell answers
 * apart at all, and a few to show. Arrays are replaced and never changed, so that a checkpoint may hold them.
 */
import { z } from 'zod';
import type { PromptExample, WrittenAnswer } from '../../objectives/exploration.ts';
import { isOneReward } from '../../objectives/judged-batch.ts';
import { UserError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';

/** Steps over which groups of one reward are counted, and the share of them from which on nothing is learnt. */
const STEPS = 20;
const MOST_ALIKE = 0.9;
/** Answers that are shown of a step. */
const SHOWN = 3;

const answer = z.strictObject({
  ids: z.array(z.int()).transform(ids => Uint32Array.from(ids)),
  prompt: z.int(),
  text: z.string(),
  isWhole: z.boolean(),
  rewards: z.array(z.number().nullable()),
  old: z.array(z.number()).optional(),
  reference: z.array(z.number()).optional(),
});
const heldExample = z.strictObject({
  /** A text or messages, as the row had it. */
  prompt: z.any(),
  columns: z.record(z.string(), z.unknown()),
  place: z.string(),
  written: z.array(answer),
});
const sample = z.strictObject({
  prompt: z.string(),
  text: z.string(),
  reward: z.number().optional(),
});
const schema = z.strictObject({
  /** Of the last steps: the share of groups of one reward, and the mean reward. */
  alike: z.array(z.number()).default([]),
  rewards: z.array(z.number()).default([]),
  /** The mean reward of each of the first steps. */
  first: z.array(z.number()).default([]),
  shown: z.array(sample).default([]),
  /** Of each micro-batch the prompts with their answers. */
  held: z.array(z.array(heldExample)).optional(),
});

export type RolloutState = z.output<typeof schema>;

/** @param saved what `savedState` gave; undefined for a run that begins */
export const rolloutState = (saved: unknown): RolloutState => parseOptions(schema, saved ?? {}, 'progress.json');

/** As JSON has it. */
export const savedState = ({ held, ...state }: RolloutState): unknown => ({
  ...state,
  ...(held && {
    held: held.map(part =>
      part.map(({ written, ...rest }) => ({
        ...rest,
        written: written.map(one => ({ ...one, ids: Array.from(one.ids) })),
      })),
    ),
  }),
});

type Written = readonly (readonly WrittenAnswer[])[];

export const heldParts = (
  parts: readonly (readonly PromptExample[])[],
  written: readonly Written[],
): NonNullable<RolloutState['held']> =>
  parts.map((examples, part) =>
    examples.map(({ prompt, columns, place }, i) => ({
      prompt,
      columns,
      place,
      written: written[part][i].map(({ old, reference, ...one }) => ({
        ...one,
        ids: Uint32Array.from(one.ids),
        rewards: [...one.rewards],
        ...(old && { old: Array.from(old) }),
        ...(reference && { reference: Array.from(reference) }),
      })),
    })),
  );

/** Examples and answers of the step that they were written in. */
export const partsHeld = (
  held: NonNullable<RolloutState['held']>,
): [parts: PromptExample[][], written: WrittenAnswer[][][]] => [
  held.map(part =>
    part.map(({ written, ...rest }) => ({ ...rest, ids: written[0].ids.subarray(0, written[0].prompt) })),
  ),
  held.map(part => part.map(({ written }) => written)),
];

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Takes note of the answers of a step. */
export function noteAnswers(state: RolloutState, examples: readonly PromptExample[], tokenizer: Tokenizer): void {
  const answers = examples.flatMap(example => example.answers ?? []);
  const known = answers.flatMap(({ reward }) => reward ?? []);
  const reward = known.length === 0 ? 0 : mean(known);
  state.alike = [...state.alike, mean(examples.map(one => (isOneReward(one.answers!) ? 1 : 0)))].slice(-STEPS);
  state.rewards = [...state.rewards, reward].slice(-STEPS);
  if (state.first.length < STEPS) state.first = [...state.first, reward];
  state.shown = examples
    .flatMap(({ ids, answers: own }) => {
      const prompt = tokenizer.decode(ids);
      const best = own!.reduce((one, other) => ((other.reward ?? 0) > (one.reward ?? 0) ? other : one));
      const others = [own![0], best].filter((one, i, both) => both.indexOf(one) === i);
      return others.map(one => ({ prompt, text: one.text, ...(one.reward !== null && { reward: one.reward }) }));
    })
    .slice(0, SHOWN);
}

/** Nearly all groups of the last steps have one reward each. */
export const isAlike = ({ alike }: RolloutState): boolean => alike.length === STEPS && mean(alike) > MOST_ALIKE;

/** That is so since rewards have risen to where they are. */
export const isLearnt = (state: RolloutState): boolean =>
  isAlike(state) && mean(state.rewards) > mean(state.first) + 1e-9;

/** @throws UserError when nothing can be learnt, and nothing was */
export function requireDifferences(state: RolloutState, numGenerations: number): void {
  if (!isAlike(state) || isLearnt(state)) return;
  const said = state.shown.map(
    ({ prompt, text, reward }) => `${quoted(prompt)} → ${quoted(text)} (${reward ?? 'no reward'})`,
  );
  throw new UserError(
    'TSLM_SAME_REWARDS',
    `in the last ${STEPS} steps ${Math.round(100 * mean(state.alike))} % of the prompts had ${numGenerations} answers of one reward (${mean(state.rewards).toFixed(3)}): nothing tells good answers from bad ones; ${said.join('; ')}`,
    {
      hint: 'easier prompts or a model that gets some right first, rewards for what is partly right, a higher objective.temperature, or more objective.numGenerations',
    },
  );
}

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
