/** What answers are worth: functions that recipes name, built in or in a module of one's own, and models of rewards. */
import { z } from 'zod';
import type { Said } from '../data/rows/rows.ts';
import { nearest } from '../support/nearest.ts';

/**
 * A function that a module of rewards exports.
 *
 * @param prompt as the row has it: a text, or messages
 * @param completion what the model has written, without special tokens
 * @param row all columns of the row
 * @returns null: it has nothing to say of this answer
 */
export type Reward = (
  prompt: Said,
  completion: string,
  row: Readonly<Record<string, unknown>>,
) => number | null | Promise<number | null>;

const weight = z.number().default(1);

const builtIn = z.discriminatedUnion('reward', [
  /** 1 for an answer that is what the column says, white space around it left aside; `after`: only what follows its last occurrence. */
  z.strictObject({
    reward: z.literal('exact'),
    column: z.string().default('answer'),
    after: z.string().min(1).optional(),
    weight,
  }),
  /** 1 for an answer whose last number is the column's, give or take `tolerance`. */
  z.strictObject({
    reward: z.literal('numeric'),
    column: z.string().default('answer'),
    tolerance: z.number().min(0).default(1e-6),
    weight,
  }),
  /** 1 for an answer in which a regular expression is found. */
  z.strictObject({
    reward: z.literal('expression'),
    pattern: z.string().refine(isExpression, 'no regular expression'),
    weight,
  }),
  /** Length in characters up to which the reward is 1; it falls linearly to 0 at twice that length. */
  z.strictObject({ reward: z.literal('length'), most: z.int().positive(), weight }),
  /** 1 for JSON that follows a schema. */
  z.strictObject({ reward: z.literal('schema'), schema: z.record(z.string(), z.unknown()), weight }),
  /** The share of a row's unit tests that an answer passes: expressions in JavaScript, run in a sandbox, `time` milliseconds each. */
  z.strictObject({
    reward: z.literal('tests'),
    column: z.string().default('tests'),
    time: z.int().positive().default(500),
    weight,
  }),
  /** The number of a reward model, by its folder. */
  z.strictObject({ reward: z.literal('model'), model: z.string(), weight }),
]);

/** A module whose default export, or only function, or the one that `export` names, is a `Reward`. */
const ofModule = z.strictObject({
  reward: z.string().regex(/\.[cm]?[jt]s$/, 'a module is a file .mjs, .js or .ts'),
  export: z.string().optional(),
  weight,
});

const NAMES = ['exact', 'numeric', 'expression', 'length', 'schema', 'tests', 'model'];
const WITHOUT_OPTIONS = ['exact', 'numeric', 'tests'];

function isExpression(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') !== undefined;
  } catch {
    return false;
  }
}

export type BuiltInReward = z.output<typeof builtIn>;
export type ModuleReward = z.output<typeof ofModule>;
export type RewardOptions = BuiltInReward | ModuleReward;

export const isModuleReward = ({ reward }: RewardOptions): boolean => !NAMES.includes(reward);

/** What a reward is called in metrics and errors. */
export const nameOfReward = (one: RewardOptions): string =>
  isModuleReward(one) && 'export' in one && one.export ? `${one.reward} (${one.export})` : one.reward;

const isFile = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);

/** A reward by its name alone, or with what it takes. */
const oneReward = z
  .union([z.string(), z.looseObject({ reward: z.string() })])
  .transform((given, context): RewardOptions => {
    const whole = typeof given === 'string' ? { reward: given } : given;
    const { reward } = whole;
    const schema = isFile(reward) ? ofModule : builtIn;
    const found = schema.safeParse(whole);
    if (found.success) return found.data;
    const guess = nearest(reward, NAMES);
    const known = NAMES.includes(reward) || isFile(reward);
    const message = known
      ? found.error.issues.map(({ path, message: text }) => `${['rewards', ...path].join('.')}: ${text}`).join('; ')
      : `'${reward}' is no reward: ${guess === undefined ? '' : `did you mean '${guess}'? `}there are ${NAMES.join(', ')}, and modules (./reward.mjs)`;
    const bare = typeof given === 'string' && known && !WITHOUT_OPTIONS.includes(reward) && !isFile(reward);
    context.addIssue({ code: 'custom', message: bare ? `'${reward}' needs more: ${message}` : message });
    return z.NEVER;
  });

/** One reward or several, each a name, a module's path, or `{ reward, weight, … }`. */
export const rewardsOption = z.preprocess(
  value => (Array.isArray(value) || value === undefined ? value : [value]),
  z.array(oneReward).min(1),
);
