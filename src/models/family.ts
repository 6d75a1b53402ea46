/**
 * What a family of models declares: how its `config.json` becomes an architecture with a head, and how its checkpoint's
 * keys map onto module paths.
 */
import type { z } from 'zod';
import { usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { warn, withWarnings } from '../support/warnings.ts';
import { TorchError } from '../torch/operator.ts';
import type { Checkpoint } from './checkpoint/files.ts';
import { bookkeepingKeys, type commonConfig } from './config/keys.ts';
import { passOver } from './config/unknown-keys.ts';
import { type Backbone, type Head, initializeNormal, type Model, type Task } from './model.ts';
import { usePerformer } from './performer.ts';

/**
 * One rule from module paths to checkpoint keys; `*` stands for a number, a trailing dot for everything below, and
 * `transpose` for weights that are stored as [in, out]. A key may
 * be made from the numbers by a function.
 */
export type KeyRule = readonly [path: string, key: string | ((...numbers: number[]) => string), change?: 'transpose'];

/** Sizes under names that every family understands: what a recipe asks for. */
export interface ModelSizes {
  layers: number;
  hidden: number;
  heads: number;
  context: number;
  vocabSize: number;
}

/** Where a config.json comes from. */
export interface Source {
  /** Names the file in messages. */
  where: string;
  /** Says what config.json leaves open, such as which matrices are one. */
  checkpoint?: Checkpoint;
}

export interface Family {
  /** `model_type` in config.json */
  modelType: string;
  /** Classes of Hugging Face Transformers and the task of each. */
  architectures: Record<string, Task>;
  /** The schema of its config.json. */
  schema: z.ZodObject;
  /** Other names of keys of config.json. */
  aliases?: Record<string, string>;
  /** The config.json of a new model: a recipe's sizes, dropout and end-of-text token under this family's names. */
  configFor?: (sizes: ModelSizes, dropout: number, eosTokenId: number | null) => Record<string, unknown>;
  /**
   * The network that a config.json describes. A key that is neither known nor bookkeeping is passed over with a warning.
   *
   * @throws UserError when a key is unknown, or a value does not fit
   */
  build: (config: Record<string, unknown>, task: Task, source: Source) => { backbone: Backbone; head?: Head };
  /** Draws fresh weights from the default generator. */
  initialize: (model: Model) => void;
  /** From module paths to checkpoint keys; a function where these depend on config.json or the head. */
  keys: readonly KeyRule[] | ((config: Record<string, unknown>, task: Task) => readonly KeyRule[]);
  /** What keys were called before: a part of the key, and the name that it had in its place. */
  olderKeys?: readonly (readonly [key: RegExp, older: string])[];
  /** The prefix that checkpoints of the bare model leave out. */
  prefix: string;
  /** Tasks whose classes leave the prefix out. Default: `backbone`. */
  bareTasks?: readonly Task[];
  /** Prefixes of classes that have another one. */
  otherPrefixes?: Partial<Record<Task, string>>;
  /** Keys under which Transformers keeps a tensor once more, beside that of ours. */
  savedTwice?: readonly (readonly [key: RegExp, other: string])[];
  /** Keys that a checkpoint may lack: their initial values are meant then. */
  optionalKeys?: RegExp;
  /** Keys that may be in a checkpoint and mean nothing. */
  ignoredKeys?: RegExp;
}

export interface FamilyOptions<Schema extends z.ZodObject> extends Omit<Family, 'schema' | 'build' | 'initialize'> {
  config: Schema;
  /** Keys of this family's config.json that say nothing, or nothing more, about what is computed. */
  bookkeeping?: readonly string[];
  backbone: (config: z.output<Schema>, task: Task, source: Source) => Backbone;
  /** The head of each task that the family has classes for; `backbone` needs none. */
  heads: Partial<Record<Task, (config: z.output<Schema>, backbone: never, source: Source) => Head>>;
  /** Default: N(0, initializer_range²) for matrices, 0 for biases, norms that change nothing. */
  initialize?: Family['initialize'];
}

/** A family from the schema of its config.json (Hugging Face's keys and defaults) and what that means. */
export function defineFamily<Schema extends z.ZodObject>({
  config,
  bookkeeping = [],
  backbone,
  heads,
  initialize = model => initializeNormal(model, Number(model.config.initializer_range ?? 0.02)),
  ...rest
}: FamilyOptions<Schema>): Family {
  const schema = config.strict();
  const saysNothing = (key: string): boolean =>
    !(key in schema.shape) && (bookkeepingKeys.has(key) || bookkeeping.includes(key));
  const { aliases = {} } = rest;
  return {
    ...rest,
    schema,
    initialize,
    build(json, task, source) {
      const { where } = source;
      const known = Object.keys(schema.shape);
      const read: Record<string, unknown> = {};
      for (const [given, value] of Object.entries(json)) {
        const key = aliases[given] ?? given;
        if (key in schema.shape) read[key] = value;
        else if (!saysNothing(given)) passOver(given, value, known, where);
      }
      const inFile = (message: string): void => warn(`${where}: ${message}`);
      const parsed = withWarnings(inFile, () => parseOptions(schema, read, where)) as z.output<Schema>;
      try {
        const made = backbone(parsed, task, source);
        const { performer } = parsed as z.output<z.ZodObject<typeof commonConfig>>;
        if (performer) usePerformer(made, performer, where);
        return { backbone: made, head: heads[task]?.(parsed, made as never, source) };
      } catch (error) {
        // Sizes that do not fit each other, or no computer.
        if (!(error instanceof RangeError || error instanceof TorchError)) throw error;
        throw usageError('TSLM_BAD_SIZES', `${where}: ${error.message}`);
      }
    },
  };
}
