/** What `train` is asked: a few options with a default each, as the recipe that they stand for. */
import { basename } from 'node:path';
import { z } from 'zod';
import type { Recipe } from '../runs/recipe-schema.ts';
import type { RunHooks } from '../runs/run-hooks.ts';
import { usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';

type Section<Name extends 'model' | 'evaluation' | 'samples' | 'checkpoints'> = Partial<Recipe[Name]>;

export interface TrainingOptions extends Pick<RunHooks, 'onStep' | 'onEvaluate' | 'onSample' | 'onNote' | 'onWarning'> {
  /** Documents to learn from: they become a corpus in the folder of the run. One of `texts`, `files`, `corpus` and `rows`. */
  texts?: readonly string[];
  /** Files, folders and globs of documents: what `prepare` reads. */
  files?: readonly string[];
  /** Folder of a corpus that `prepare` wrote. */
  corpus?: string;
  /** Rows to fine-tune `model.from` with; their columns say for what, as in `tslm finetune`. */
  rows?: readonly Readonly<Record<string, unknown>>[];
  /** Folder of the run, which must not hold one. */
  out: string;
  /**
   * Of a new model `family` (default gpt2), `layers` (6), `hidden` (384), `heads` (a head for every 64 of `hidden`), `context` (256);
   * or the model to go on from, `from`.
   */
  model?: Section<'model'>;
  /** What is learnt from texts. Default `{ name: 'causal' }`. */
  objective?: { name: string } & Record<string, unknown>;
  /** Updates. Default 1000 of texts; rows are seen in `epochs`. */
  steps?: number;
  /** Passes. Default of rows 3, of models under 30M weights 6. */
  epochs?: number;
  /** Time to train in place of steps or epochs: `90s`, `30m`, `2h`. */
  budget?: string;
  /** Windows or rows of an update. Default 16; of rows by their kind. */
  batchSize?: number;
  /** Highest learning rate. Default 1e-3 for new models; 1e-4 where texts go on with `model.from`; of rows by the model's width. */
  lr?: number;
  /** Default 1337. */
  seed?: number;
  /** Tokens of the tokenizer that is trained for texts. Default 4096; not with `tokenizer` or `model.from`. */
  vocabSize?: number;
  /** A tokenizer's folder to read texts with. */
  tokenizer?: string;
  /** Rows alone: train an adapter, as recipes have it: `{ method: 'lora', r: 8 }`. */
  adapter?: Readonly<Record<string, unknown>>;
  /** Further keys of a recipe, section by section; they go before everything above. Not with rows. */
  recipe?: Readonly<Record<string, unknown>>;
  /** Stops after a step and saves; `finished` is false then, and `resume` goes on. */
  signal?: AbortSignal;
  /** Told how far the preparation of texts is, in bytes where that is known. */
  onPrepare?(stage: string, done?: number, total?: number): void;
}

const count = z.int().positive().optional();
const record = z.record(z.string(), z.unknown()).optional();
const hook = z
  .custom<(...given: never[]) => void>(value => typeof value === 'function', 'a function is expected')
  .optional();
const schema = z.strictObject({
  texts: z.array(z.string()).min(1, 'there are no texts').optional(),
  files: z.array(z.string()).min(1, 'there are no files').optional(),
  corpus: z.string().optional(),
  rows: z.array(z.record(z.string(), z.unknown())).min(1, 'there are no rows').optional(),
  out: z.string().min(1),
  model: record,
  objective: z.looseObject({ name: z.string() }).optional(),
  steps: count,
  epochs: z.number().positive().optional(),
  budget: z.string().optional(),
  batchSize: count,
  lr: z.number().positive().optional(),
  seed: z.int().nonnegative().optional(),
  vocabSize: count,
  tokenizer: z.string().optional(),
  adapter: record,
  recipe: record,
  signal: z.instanceof(AbortSignal).optional(),
  onPrepare: hook,
  onStep: hook,
  onEvaluate: hook,
  onSample: hook,
  onNote: hook,
  onWarning: hook,
} satisfies Record<keyof TrainingOptions, z.ZodType>);

const SOURCES = ['texts', 'files', 'corpus', 'rows'] as const;
/** What fine-tuning decides by the rows. */
const NOT_OF_ROWS = ['steps', 'budget', 'objective', 'vocabSize', 'tokenizer', 'recipe'] as const;

/** @throws UserError for options that there are not, and those that contradict each other */
export function checkTraining(given: TrainingOptions): void {
  parseOptions(schema, given, 'train');
  const sources = SOURCES.filter(name => given[name] !== undefined);
  if (sources.length !== 1) {
    const what = sources.length === 0 ? 'there is nothing to learn from' : `${sources.join(' and ')} are both given`;
    throw usageError('TSLM_BAD_VALUE', `train: ${what}`, `give one of ${SOURCES.join(', ')}`);
  }
  const [source] = sources;
  const refuse = (names: readonly (keyof TrainingOptions)[], why: string): void => {
    const name = names.find(one => given[one] !== undefined);
    if (name !== undefined) throw usageError('TSLM_UNUSED_OPTION', `train: '${name}' ${why}`, 'leave it out');
  };
  if (source === 'rows') {
    if (given.model?.from === undefined) {
      throw usageError('TSLM_MISSING_KEY', "train: 'model.from' is missing", 'rows fine-tune a model: say which');
    }
    const strange = Object.keys(given.model).filter(key => key !== 'from');
    if (strange.length > 0) refuse(['model'], `has '${strange[0]}' beside 'from', which rows leave to the model`);
    refuse(NOT_OF_ROWS, 'does not go with rows');
    return;
  }
  refuse(['adapter'], 'goes with rows');
  if (source === 'corpus') refuse(['vocabSize', 'tokenizer'], 'is decided by the corpus');
  if (given.model?.from !== undefined || given.tokenizer !== undefined) refuse(['vocabSize'], 'is decided already');
}

/** Dimensions of a head, as in GPT-2. */
const HEAD = 64;

function headsFor(hidden: number): number {
  const wanted = Math.max(1, Math.round(hidden / HEAD));
  return Array.from({ length: wanted }, (_, i) => wanted - i).find(heads => hidden % (2 * heads) === 0) ?? 1;
}

/** The recipe for a corpus; `recipe` of the options has the last word, key by key. */
export function recipeOf(options: TrainingOptions, corpus: string): Record<string, unknown> {
  const { model = {}, objective, epochs, budget, batchSize, seed, lr, out } = options;
  const { hidden, from } = model;
  const steps = options.steps ?? (epochs === undefined && budget === undefined ? 1000 : undefined);
  const every = epochs !== undefined ? `${epochs / 5} epochs` : Math.max(1, Math.floor((steps ?? 1000) / 5));
  const heads =
    from === undefined && hidden !== undefined && model.heads === undefined ? { heads: headsFor(hidden) } : {};
  const own = {
    name: basename(out).replace(/[^\p{L}\p{M}\p{N}_.-]/gu, '-'),
    ...(seed !== undefined && { seed }),
    data: { corpus },
    ...(objective && { objective }),
    model: { ...heads, ...model },
    train: { ...defined({ steps, epochs, budget, batchSize }) },
    optimizer: { lr: lr ?? (from === undefined ? 1e-3 : 1e-4) },
    evaluation: { every },
    checkpoints: { every },
    log: { every: 1 },
  };
  return merged(own, options.recipe ?? {});
}

const defined = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const merged = (under: Record<string, unknown>, over: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...under,
  ...Object.fromEntries(
    Object.entries(over).map(([key, value]) => [
      key,
      isSection(value) && isSection(under[key]) && !('name' in value) ? merged(under[key], value) : value,
    ]),
  ),
});
