/** Recipes: everything that decides a training run, in one YAML file. `recipes/` explains every key. */
import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { objectiveOptions } from '../objectives/index.ts';
import { explainFileError, usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { optimizerSchema } from '../train/optimizers/optimizers.ts';
import { createSchedule } from '../train/schedules.ts';

const count = z.int().positive();
const countOrZero = z.int().min(0);
/** One path or several. */
const pathsOf = z.preprocess(value => (typeof value === 'string' ? [value] : value), z.array(z.string()).min(1));
/** Seconds, from a number with a unit. */
const duration = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(s|m|h)$/, 'a time is a number with a unit: 90s, 30m, 2h')
  .refine(text => secondsOf(text) > 0, 'a time must be above 0');

export const recipeSchema = z.strictObject({
  /** Name of the run. */
  name: z.string().regex(/^(?!\.{1,2}$)[\p{L}\p{M}\p{N}_.-]+$/u, 'letters, digits, dots and dashes only'),
  seed: z.int().min(0).default(1337),

  data: z.strictObject({
    /** Folder that `tslm prepare` wrote. */
    corpus: z.string().optional(),
    /** Or rows of the objective's kind: files, folders and globs. */
    train: pathsOf.optional(),
    /** Rows to evaluate on: files as well, or a share of those to train on. */
    validation: z.union([z.number().gt(0).lt(1), pathsOf]).default(0.05),
    /** What columns are called in the files: { source: en, target: de }. */
    columns: z.record(z.string(), z.string()).optional(),
    /** Leave rows out that are not what they should be, and count them; else the first is an error. */
    skipBad: z.boolean().default(false),
    /** Folder of the tokenizer that rows in files are read with; default that of `model.from`. */
    tokenizer: z.string().optional(),
    /**
     * How documents share a window. `documents`: they do not see each other, and positions count from the start of each;
     * `stream`: a window is one text. Default `documents`, where the model can.
     */
    packing: z.enum(['documents', 'stream']).optional(),
  }),

  /** What is learnt: an objective of `src/objectives` and what it takes. */
  objective: objectiveOptions.prefault({ name: 'causal' }),

  model: z
    .strictObject({
      /** Go on from this model folder, which then decides everything below but `context`, `architecture` and `labels`. */
      from: z.string().optional(),
      family: z.string().default('gpt2'),
      /** A class of Transformers with a head that the objective trains; default the family's first one that has it. */
      architecture: z.string().optional(),
      /** What the labels of a new classifier are called; with `from` beside the `architecture` that is put on. Default two. */
      labels: z
        .array(z.string())
        .min(1)
        .refine(names => new Set(names).size === names.length, 'a label is there twice')
        .optional(),
      /** Keys of config.json that the sizes below leave open, or that are to be others. */
      config: z.record(z.string(), z.unknown()).optional(),
      layers: count.default(6),
      hidden: count.default(384),
      heads: count.default(6),
      /** Tokens that the model sees at once: of a new one all it ever can, default 256; of `from` in this training. */
      context: count.optional(),
      dropout: z.number().min(0).max(0.95).default(0),
      /** Attention by random features, whose cost grows with context and not with its square (Performer). */
      performer: z.strictObject({ features: count.default(256), seed: countOrZero.default(0) }).optional(),
    })
    .prefault({}),

  train: z
    .strictObject({
      /** Updates; of a run with a budget those that its schedule counts, default 10,000. */
      steps: count.optional(),
      /** Train for so long instead of so many steps: `90s`, `30m`, `2h`. The schedule goes with the time that has passed. */
      budget: duration.optional(),
      /** Sequences in a forward pass. */
      batchSize: count.default(16),
      /** Most tokens of a forward pass, padding included: batches of about equally long examples in place of `batchSize` ones. */
      batchTokens: count.optional(),
      /** Forward passes an update. */
      gradientAccumulation: count.default(1),
      /** Keep no activations inside the blocks and make them again in the backward pass. */
      recompute: z.boolean().default(false),
      /** auto: bf16 where its products are faster than those of float32, measured when a run begins. */
      precision: z.enum(['auto', 'float32', 'bf16']).default('auto'),
      clipGradNorm: z.number().min(0).default(1),
      /** Parameters that stay as they are, by checkpoint keys or module paths with `*`: [bert.embeddings, '*.bias']. */
      freeze: pathsOf.optional(),
      device: z.string().default('cpu'),
    })
    .strict(),

  /** An optimizer of `optimizers.ts` and what it takes. */
  optimizer: optimizerSchema.prefault({}),

  /**
   * A schedule of `schedules.ts`; steps and learning rate are filled in. Default: a cosine down to a tenth, after a warm-up of
   * 100 steps or a tenth of them.
   */
  schedule: z.looseObject({ name: z.string() }).optional(),

  evaluation: z
    .strictObject({
      split: z.enum(['validation', 'test', 'train']).default('validation'),
      /** Steps between evaluations; 0: only at the end. */
      every: countOrZero.default(250),
      /** Windows an evaluation looks at, the same ones each time; 0: the whole split. */
      windows: countOrZero.default(200),
      /** End after so many evaluations without a better one. Default: never. */
      patience: count.optional(),
    })
    .prefault({}),

  samples: z
    .strictObject({
      prompts: z.array(z.string()).default([]),
      every: countOrZero.default(500),
      maxNewTokens: count.default(80),
      temperature: z.number().min(0).default(0.8),
      topK: countOrZero.default(50),
    })
    .prefault({}),

  checkpoints: z
    .strictObject({
      /** Steps between checkpoints; 0: only at the end. */
      every: countOrZero.default(500),
      /** Latest checkpoints that are kept; the best one by evaluation is kept besides. */
      keep: count.default(2),
    })
    .prefault({}),

  log: z
    .strictObject({
      every: count.default(10),
      tensorboard: z.boolean().default(true),
    })
    .prefault({}),
});

type Parsed = z.output<typeof recipeSchema>;
export type Recipe = Omit<Parsed, 'train'> &
  Required<Pick<Parsed, 'schedule'>> & { train: Parsed['train'] & { steps: number } };

/** Steps that a schedule counts while the time of a budget passes. */
const STEPS_OF_BUDGET = 10_000;

/** Seconds of `90s`, `30m`, `2h`. */
export const secondsOf = (text: string): number =>
  Number.parseFloat(text) * { s: 1, m: 60, h: 3600 }[text.at(-1) as 's' | 'm' | 'h'];

/** The context of a new model, where a recipe does not say. */
export const NEW_CONTEXT = 256;

/** A recipe as a run keeps it. A model that was loaded has sizes of its own: defaults beside it would contradict it. */
export const resolvedRecipe = (recipe: Recipe): Record<string, unknown> => {
  const { from, context, architecture, labels } = recipe.model;
  if (from === undefined) return recipe;
  const said = Object.entries({ from, context, architecture, labels }).filter(([, value]) => value !== undefined);
  return { ...recipe, model: Object.fromEntries(said) };
};

/**
 * Reads a recipe and applies overrides.
 *
 * @param overrides `path=value` each, the value as YAML: `train.steps=100`
 * @throws UserError that names the file, the key and its nearest known neighbour
 */
export function readRecipe(path: string, overrides: readonly string[] = []): Recipe {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw explainFileError(error, path);
  }
  return parseRecipe(parseYaml(text, path), path, overrides);
}

function parseYaml(text: string, where: string): unknown {
  try {
    return parse(text) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw usageError('TSLM_BAD_YAML', `${where}: ${error.message.split('\n')[0]}`, 'a recipe is a YAML file');
  }
}

export function parseRecipe(value: unknown, where: string, overrides: readonly string[] = []): Recipe {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError('TSLM_BAD_RECIPE', `${where}: not a recipe`, 'a recipe maps sections (model, train, …) to keys');
  }
  const merged = structuredClone(value) as Record<string, unknown>;
  // A model to go on from takes the place of the one that the recipe describes.
  if (overrides.some(override => override.startsWith('model.from='))) delete merged.model;
  for (const override of overrides) applyOverride(merged, override);
  refuseSizesOfLoadedModel(merged.model, where);
  const parsed = parseOptions(recipeSchema, merged, where);
  requireEnd(parsed, where);
  requireData(parsed, where);
  const recipe = withDefaults(parsed);
  scheduleOf(recipe); // says now what is wrong with the schedule
  refuseLongWarmup(recipe, where);
  return recipe;
}

/** A run learns from a corpus, or from rows in files. */
function requireData({ data }: Parsed, where: string): void {
  if ((data.corpus === undefined) !== (data.train === undefined)) return;
  throw usageError(
    data.corpus === undefined ? 'TSLM_BAD_VALUE' : 'TSLM_CONTRADICTION',
    `${where}: ${data.corpus === undefined ? "neither 'data.corpus' nor 'data.train' is" : "'data.corpus' and 'data.train' are both"} given`,
    'a corpus that `tslm prepare` wrote, or files of rows',
  );
}

/** A run ends after so many steps, or after some time. */
function requireEnd({ train }: Parsed, where: string): void {
  if (train.steps !== undefined || train.budget !== undefined) return;
  throw usageError(
    'TSLM_BAD_VALUE',
    `${where}: neither 'train.steps' nor 'train.budget' is given`,
    'say how long to train: train.steps=1000, or train.budget=30m',
  );
}

/** The defaults that depend on other keys. */
function withDefaults(recipe: Parsed): Recipe {
  const { model, train } = recipe;
  const steps = train.steps ?? STEPS_OF_BUDGET;
  const numWarmupSteps = Math.min(train.budget === undefined ? 100 : steps, Math.floor(steps / 10));
  return {
    ...recipe,
    train: { ...train, steps },
    model: model.from === undefined ? { ...model, context: model.context ?? NEW_CONTEXT } : model,
    schedule: recipe.schedule ?? { name: 'cosine_with_min_lr', numWarmupSteps, minLrRate: 0.1 },
  };
}

/** Schedules that do not ask how long the run is; their learning rate may rise throughout. */
const ENDLESS = ['constant', 'constant_with_warmup', 'inverse_sqrt'];

/** A schedule that goes down with the end of the run would never get to where it goes down. */
function refuseLongWarmup({ schedule: { name, numWarmupSteps }, train: { steps } }: Recipe, where: string): void {
  if (ENDLESS.includes(name) || typeof numWarmupSteps !== 'number' || numWarmupSteps <= steps) return;
  throw usageError(
    'TSLM_LONG_WARMUP',
    `${where}: 'schedule.numWarmupSteps' is ${numWarmupSteps}, and 'train.steps' ${steps}: the run would end within its warm-up`,
    `for example --set schedule.numWarmupSteps=${Math.floor(steps / 10)}`,
  );
}

/** A model that is loaded has its sizes already; others beside it would be read and ignored. */
function refuseSizesOfLoadedModel(model: unknown, where: string): void {
  if (typeof model !== 'object' || model === null || !('from' in model)) return;
  if ('labels' in model && !('architecture' in model)) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${where}: 'model.labels' are those of a new head, and the model keeps its own`,
      "name the class whose head is put on: 'model.architecture'",
    );
  }
  const other = Object.keys(model).find(key => !['from', 'context', 'architecture', 'labels'].includes(key));
  if (other === undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'model.from' and 'model.${other}' are both given`,
    'the folder that model.from names decides the model: leave the other out',
  );
}

function applyOverride(target: Record<string, unknown>, override: string): void {
  const equals = override.indexOf('=');
  if (equals < 1) {
    throw usageError('TSLM_BAD_OVERRIDE', `--set ${override}: no value given`, 'for example --set train.steps=100');
  }
  const path = override.slice(0, equals).split('.');
  let section = target;
  for (const key of path.slice(0, -1)) {
    const inner = section[key] ?? {};
    if (typeof inner !== 'object' || inner === null) {
      throw usageError('TSLM_BAD_OVERRIDE', `--set ${override}: '${key}' is no section`);
    }
    section[key] = inner;
    section = inner as Record<string, unknown>;
  }
  section[path.at(-1)!] = parseYaml(override.slice(equals + 1), `--set ${override}`);
}

/** The learning rate of each step that a recipe asks for. */
export function scheduleOf({ schedule, optimizer, train }: Recipe): (step: number) => number {
  const needsSteps = !ENDLESS.includes(schedule.name);
  const steps = needsSteps && !('numStableSteps' in schedule) ? { numTrainingSteps: train.steps } : {};
  return createSchedule({ lr: optimizer.lr, ...steps, ...schedule } as Parameters<typeof createSchedule>[0]);
}
