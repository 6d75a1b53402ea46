/** The keys of a recipe, with what each means where it is not said. */
import { z } from 'zod';
import { edaKeys } from '../data/augment/eda.ts';
import { adapterOptions } from '../models/adapters/options.ts';
import { problemTypes } from '../models/config/keys.ts';
import { objectiveOptions } from '../objectives/index.ts';
import { interval } from '../train/durations.ts';
import { optimizerSchema } from '../train/optimizers/optimizers.ts';
import { spikeOptions } from '../train/spikes.ts';

const count = z.int().positive();
const countOrZero = z.int().min(0);
/** One path or several. */
const pathsOf = z.preprocess(value => (typeof value === 'string' ? [value] : value), z.array(z.string()).min(1));
/** Files of rows, each with how often its rows are seen. */
const sourcesOf = z.preprocess(
  value => (Array.isArray(value) ? value : [value]),
  z.array(z.union([z.string(), z.strictObject({ path: z.string(), weight: z.number().positive() })])).min(1),
);
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
    /**
     * Or rows of the objective's kind: files, folders and globs. { path: chats.jsonl, weight: 2 }: its rows are seen twice
     * in each epoch; 0.5: half of them, drawn by the seed.
     */
    train: sourcesOf.optional(),
    /** Rows to evaluate on: files as well, or a share of those to train on. Default 0.05. */
    validation: z.union([z.number().gt(0).lt(1), pathsOf]).optional(),
    /** What columns are called in the files: { source: en, target: de }. */
    columns: z.record(z.string(), z.string()).optional(),
    /** Leave rows out that are not what they should be, and count them. Default: the first is an error. */
    skipBad: z.boolean().optional(),
    /**
     * A chat template for a tokenizer without one: chatml, llama3 or a file. Its special tokens are added, and word vectors for
     * them, which begin as the mean of the others.
     */
    chatTemplate: z.string().optional(),
    /** Rows in files are another variant in each epoch. Default: as they are. */
    augment: z
      .strictObject({
        method: z.literal('eda', {
          error:
            'rows are augmented by eda while a model learns; `tslm augment` writes files of what other methods give',
        }),
        ...edaKeys,
        /** How often a row is a variant of itself. */
        probability: z.number().gt(0).max(1).default(0.9),
        /** File of synonyms: a word and its synonyms a line, with tabs between them. */
        synonyms: z.string().optional(),
        /** Or word vectors whose nearest words are taken for synonyms. */
        vectors: z.string().optional(),
      })
      .refine(({ synonyms, vectors }) => synonyms === undefined || vectors === undefined, {
        message: 'synonyms and vectors are both given: leave one out',
      })
      .optional(),
    /** Folder of the tokenizer that rows in files are read with; default that of `model.from`. */
    tokenizer: z.string().optional(),
    /**
     * How documents share a window. `documents`: they do not see each other, and positions count from the start of each;
     * `stream`: a window is one text. Default `documents`, where the model can.
     */
    packing: z.enum(['documents', 'stream']).optional(),
    /**
     * Threads that encode rows while the model learns from those before. auto: as many as it takes, and none where encoding is
     * under 3 % of a step. Results do not depend on it.
     */
    workers: z.union([countOrZero, z.literal('auto')]).default('auto'),
  }),

  /** What is learnt: an objective of `src/objectives` and what it takes. */
  objective: objectiveOptions.prefault({ name: 'causal' }),

  model: z
    .strictObject({
      /** Go on from this model folder, which then decides everything below but `context`, `architecture`, `labels` and `problemType`. */
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
      /** What these labels are to each other: exactly one fits (default), any of them, or one is a number to predict. */
      problemType: z.enum(problemTypes).optional(),
      /** Word vectors that a new model begins with: a file in word2vec's or GloVe's format, or a folder of `tslm vectors train`. */
      embeddings: z.string().optional(),
      /** Keys of config.json that the sizes below leave open, or that are to be others; of `from` those that change no weights. */
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

  /** Train an adapter over `model.from` and leave the model as it is: a method of `models/adapters` and what it takes. */
  adapter: adapterOptions.optional(),

  train: z
    .strictObject({
      /** Updates; of a run with a budget those that its schedule counts, default 10,000. */
      steps: count.optional(),
      /** Times that all rows are seen, instead of a number of steps. */
      epochs: z.number().positive().optional(),
      /** Train for a time instead of a number of steps: `90s`, `30m`, `2h`. The schedule follows the time that has passed. */
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
      /** Average the weights over updates; evaluations, samples and the best model are of the averages. */
      ema: z.strictObject({ decay: z.number().gt(0).lt(1).default(0.999) }).optional(),
      /** Leave out updates whose gradients are far larger than usual. */
      skipSpikes: spikeOptions.optional(),
      /** Parameters that stay as they are, by checkpoint keys or module paths with `*`: [bert.embeddings, '*.bias']. */
      freeze: pathsOf.optional(),
      device: z.string().default('cpu'),
    })
    .strict(),

  /** An optimizer of `optimizers.ts` and what it takes. */
  optimizer: optimizerSchema.prefault({}),

  /**
   * A schedule of `schedules.ts`; steps and learning rate are filled in. Default: a cosine down to a tenth, after a warm-up of
   * 100 steps or a tenth of them. `warmupRatio` says `numWarmupSteps` as a share of the run.
   */
  schedule: z.looseObject({ name: z.string() }).optional(),

  evaluation: z
    .strictObject({
      split: z.enum(['validation', 'test', 'train']).default('validation'),
      /** Steps between evaluations, or epochs: `1 epoch`, `0.5 epochs`; 0: only at the end. */
      every: interval.default(250),
      /** Windows an evaluation looks at, the same ones each time; 0: the whole split. */
      windows: countOrZero.default(200),
      /**
       * Windows in which each token is hidden in turn, as a metric of models of masked words: a row of a batch for every
       * token of them. 0: none.
       */
      pseudoPerplexity: countOrZero.default(0),
      /** What decides which model is the best: `loss`, or a term of the objective, such as accuracy. */
      best: z.string().default('loss'),
      /** Stop after this many evaluations without improvement of it. Default: never. */
      patience: count.optional(),
    })
    .prefault({}),

  samples: z
    .strictObject({
      prompts: z.array(z.string()).default([]),
      every: interval.default(500),
      maxNewTokens: count.default(80),
      temperature: z.number().min(0).default(0.8),
      topK: countOrZero.default(50),
    })
    .prefault({}),

  checkpoints: z
    .strictObject({
      /** Steps or epochs between checkpoints; 0: only at the end. */
      every: interval.default(500),
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

/** A recipe as its file says, defaults filled in. */
export type ParsedRecipe = z.output<typeof recipeSchema>;
/** A recipe that can be run: its schedule and its number of steps are known. */
export type Recipe = Omit<ParsedRecipe, 'train'> &
  Required<Pick<ParsedRecipe, 'schedule'>> & { train: ParsedRecipe['train'] & { steps: number } };

/** Seconds of `90s`, `30m`, `2h`. */
export const secondsOf = (text: string): number =>
  Number.parseFloat(text) * { s: 1, m: 60, h: 3600 }[text.at(-1) as 's' | 'm' | 'h'];
