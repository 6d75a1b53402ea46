/** Models by `model_type`: made from a recipe's sizes, loaded from a folder, saved to one. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isModelId } from '../hub/model-id.ts';
import { resolveModelPath } from '../hub/resolve-model-path.ts';
import { withoutMemory } from '../nn/index.ts';
import { UserError, usageError } from '../support/errors.ts';
import { readJson, writeJson } from '../support/files.ts';
import { nearest } from '../support/nearest.ts';
import { parseOptions } from '../support/schema.ts';
import { type OnWarning, withWarnings } from '../support/warnings.ts';
import { cat, type Device, type DType, noGrad, saveSharded, scope } from '../torch/index.ts';
import { baseFolderOf, hasAdapter, putOn } from './adapters/folder.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint/files.ts';
import { checkpointTensors, type LoadReport, loadCheckpoint } from './checkpoint/load.ts';
import { commonConfig, type ProblemType, withLabels } from './config/keys.ts';
import { loadTransitions, saveTransitions } from './crf.ts';
import { families, familyNames } from './families/index.ts';
import type { Family, ModelSizes } from './family.ts';
import { Model, type Task } from './model.ts';
import type { PerformerConfig } from './performer.ts';

export function familyOf(modelType: string, where: string): Family {
  if (Object.hasOwn(families, modelType)) return families[modelType];
  const guess = nearest(modelType, familyNames);
  throw usageError(
    'TSLM_UNKNOWN_FAMILY',
    `${where}: model type '${modelType}' is not known`,
    guess === undefined ? `known: ${familyNames.join(', ')}` : `did you mean '${guess}'?`,
  );
}

const named = z.object({ architectures: commonConfig.architectures });

/** The task of the class that a config.json names; a language model where it names none. */
function taskOf(family: Family, config: Record<string, unknown>, where: string): Task {
  const { architectures } = parseOptions(named, { architectures: config.architectures }, where);
  const [architecture] = architectures ?? [];
  if (architecture === undefined) return Object.values(family.architectures)[0];
  if (Object.hasOwn(family.architectures, architecture)) return family.architectures[architecture];
  throw new UserError('TSLM_ARCHITECTURE', `${where}: architecture '${architecture}' is not supported`, {
    hint: `supported for ${family.modelType}: ${Object.keys(family.architectures).join(', ')}`,
  });
}

/** The network that a config.json describes, its weights still undefined. */
function build(
  config: Record<string, unknown>,
  where: string,
  { task: wanted, checkpoint }: { task?: Task; checkpoint?: Checkpoint } = {},
): Model {
  const family = familyOf(String(config.model_type), where);
  const task = wanted ?? taskOf(family, config, where);
  if (!Object.values(family.architectures).includes(task)) {
    throw new UserError('TSLM_TASK', `${where}: ${family.modelType} has no head for ${task}`, {
      hint: `it has: ${[...new Set(Object.values(family.architectures))].join(', ')}`,
    });
  }
  return new Model({ ...family.build(config, task, { where, checkpoint }), family, task, config });
}

export interface NewModelOptions {
  /** Everywhere that the family has it. Default 0. */
  dropout?: number;
  /** Written to config.json. */
  eosTokenId?: number | null;
  /** Attention by random features (`performer.ts`). */
  performer?: PerformerConfig;
  /** A class of the family: `BertForPreTraining`; default its first one. */
  architecture?: string;
  /** Keys of config.json that say what the sizes leave open, or something else; those of `encoder` and `decoder` one by one. */
  config?: Record<string, unknown>;
}

/** The config.json of a new model of a family, `gpt2`. */
export function newModelConfig(
  modelType: string,
  sizes: ModelSizes,
  { dropout = 0, eosTokenId = null, performer, architecture, config = {} }: NewModelOptions = {},
): Record<string, unknown> {
  const family = familyOf(modelType, 'model.family');
  const { hidden, heads } = sizes;
  if (!family.configFor) {
    throw usageError('TSLM_NO_SIZES', `model.family: '${modelType}' cannot be made from a recipe's sizes`);
  }
  if (hidden % heads !== 0) {
    throw usageError('TSLM_BAD_SIZES', `model: hidden (${hidden}) must be a multiple of heads (${heads})`);
  }
  const full: Record<string, unknown> = {
    model_type: modelType,
    architectures: [architecture ?? Object.keys(family.architectures)[0]],
    ...family.configFor(sizes, dropout, eosTokenId),
    bos_token_id: eosTokenId,
    eos_token_id: eosTokenId,
    tie_word_embeddings: true,
    dtype: 'float32',
    ...(performer && { performer }),
  };
  return withKeys(full, config);
}

/** A config.json with other values of some keys; those of `encoder` and `decoder` one by one. */
export function withKeys(config: Record<string, unknown>, keys: Record<string, unknown>): Record<string, unknown> {
  const halves = ['encoder', 'decoder'].filter(half => half in config && half in keys);
  const merged = halves.map(half => [half, { ...(config[half] as object), ...(keys[half] as object) }] as const);
  return { ...config, ...keys, ...Object.fromEntries(merged) };
}

/** The keys of a family's config.json that say how much is dropped in training, with this rate; none where it has no sizes. */
export function dropoutKeys({ configFor }: Family, rate: number): Record<string, unknown> {
  const sizes: ModelSizes = { layers: 1, hidden: 64, heads: 1, context: 64, vocabSize: 64 };
  const [none, some] = [0, 0.5].map(dropout => configFor?.(sizes, dropout, null) ?? {});
  const names = Object.keys(some).filter(key => some[key] === 0.5 && none[key] === 0);
  return Object.fromEntries(names.map(name => [name, rate]));
}

/**
 * A new model with random weights.
 *
 * @param modelType a family: `gpt2`
 * @param options.seed of the initial weights
 */
export const createModel = (
  modelType: string,
  sizes: ModelSizes,
  { seed, ...options }: NewModelOptions & { seed: number },
): Model => build(newModelConfig(modelType, sizes, options), 'model').initialize(seed);

/** A new model with random weights from the contents of a config.json. */
export const createFromConfig = (
  config: Record<string, unknown>,
  { seed, where = 'config.json' }: { seed: number; where?: string },
): Model => build(config, where).initialize(seed);

/**
 * The model with a larger vocabulary: what words there are more of begin as the mean of the others. Takes the place of `model`,
 * which is freed; itself where its vocabulary is large enough.
 */
export function withVocabulary(model: Model, vocabSize: number): Model {
  const { config, task } = model;
  if (vocabSize <= Number(config.vocab_size)) return model;
  const larger = withoutMemory(() => build({ ...config, vocab_size: vocabSize }, 'config.json', { task }));
  const own = new Map(model.namedParameters());
  scope(() =>
    noGrad(() => {
      for (const [path, parameter] of larger.namedParameters()) {
        const known = own.get(path)!.detach();
        const dim = known.shape.findIndex((size, i) => size !== parameter.shape[i]);
        if (dim < 0) parameter.replace(known.clone());
        else {
          const more = known.shape.map((size, i) => (i === dim ? parameter.shape[i] - size : size));
          parameter.replace(cat([known, known.mean([dim], { keepdim: true }).expand(more)], dim).contiguous());
        }
      }
    }),
  );
  model.dispose();
  return larger.eval();
}

export interface LoadOptions {
  /** Element type of the weights; `auto`: as they are stored. Default float32. */
  dtype?: DType | 'auto';
  device?: Device;
  /** The head to put on; default that of the class that config.json names. */
  task?: Task;
  /** What the labels of that head are called. Default as config.json says. */
  labels?: readonly string[];
  /** What those labels are to each other. Default: exactly one fits. */
  problemType?: ProblemType;
  /** Keys of config.json that are to be others, such as its dropout: the weights must fit them. */
  config?: Record<string, unknown>;
  /** Of weights that the checkpoint lacks. Default 0. */
  seed?: number;
  /** Told of keys of config.json that have no effect. Default: Node's warnings. */
  onWarning?: OnWarning;
  /** Folder of an adapter to put on for good. Default: the folder's own, where it holds one in place of weights. */
  adapter?: string;
}

/** What a model folder gives: the network in evaluation mode, and where folder and network differ. */
export interface LoadedModel extends LoadReport {
  model: Model;
}

/**
 * Loads a model folder: config.json and its weights. What the checkpoint lacks is drawn afresh and reported, as a new
 * head on a pretrained model is; `loadCompleteModel` refuses it. Of a folder with an adapter, the model it was made for is
 * loaded, and is the adapted one.
 */
export function loadModel(folder: string, options: LoadOptions = {}): LoadedModel {
  const { dtype = 'float32', device = 'cpu', seed = 0 } = options;
  const ownBase = baseFolderOf(folder);
  const adapter = options.adapter ?? (ownBase === undefined ? undefined : folder);
  const where = join(hasConfig(folder) ? folder : (ownBase ?? folder), 'config.json');
  const written = parseOptions(z.record(z.string(), z.unknown()), readJson(where), where);
  const changed = withKeys(written, options.config ?? {});
  const config = options.labels ? withLabels(changed, options.labels, options.problemType) : changed;
  const checkpoint = openCheckpoint(ownBase ?? folder);
  const model = withWarnings(options.onWarning, () =>
    withoutMemory(() => build(config, where, { task: options.task, checkpoint })),
  );
  try {
    const report = scope(() => loadCheckpoint(model, checkpoint, { dtype, seed }));
    model.to({ device }).eval();
    loadTransitions(ownBase ?? folder, model);
    if (adapter === undefined) return { model, ...report };
    const brought = putOn(model, adapter);
    return { model, ...report, missing: report.missing.filter(key => !brought.has(key)) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * `loadModel` for use as it is: a checkpoint without some of the weights is an error.
 *
 * @param options.onNote told what of the checkpoint is left over
 */
export function loadCompleteModel(
  folder: string,
  { onNote, ...options }: LoadOptions & { onNote?: (note: string) => void } = {},
): Model {
  const { model, missing, unexpected } = loadModel(folder, options);
  if (missing.length === 0) {
    if (unexpected.length > 0) onNote?.(`${folder}: the model has no place for ${listed(unexpected)}`);
    return model;
  }
  model.dispose();
  const what = missing.length === 1 ? '1 tensor is missing' : `${missing.length} tensors are missing`;
  throw new UserError('TSLM_MISSING_WEIGHTS', `${folder}: ${what} from its weights, '${missing[0]}' first`, {
    hint: 'the checkpoint is incomplete, or of another architecture than config.json says',
  });
}

/** A model without memory for its weights, for what can be said of it unread; a folder with config.json is enough. */
export function describeModel(
  folder: string,
  { onWarning }: Pick<LoadOptions, 'onWarning'> = {},
): { model: Model; checkpoint?: Checkpoint } {
  const base = hasConfig(folder) ? folder : (baseFolderOf(folder) ?? folder);
  const where = join(base, 'config.json');
  const config = parseOptions(z.record(z.string(), z.unknown()), readJson(where), where);
  const checkpoint = checkpointIfAny(folder);
  const model = withWarnings(onWarning, () => withoutMemory(() => build(config, where, { checkpoint })));
  return { model, checkpoint };
}

/** `3 tensors of its weights: a, b, c` */
function listed(keys: readonly string[]): string {
  const shown = keys.length > 5 ? `${keys.slice(0, 5).join(', ')}, …` : keys.join(', ');
  return `${keys.length} ${keys.length === 1 ? 'tensor' : 'tensors'} of its weights: ${shown}`;
}

function checkpointIfAny(folder: string): Checkpoint | undefined {
  try {
    return openCheckpoint(folder);
  } catch (error) {
    if (error instanceof UserError && error.code === 'TSLM_NO_WEIGHTS') return undefined;
    throw error;
  }
}

/**
 * The model folder that a name means: a folder, `model/` in the folder of a run, or a model of the hub that was pulled.
 * Throws a `UserError` otherwise.
 */
export function modelFolder(name: string): string {
  const path = resolveModelPath(name);
  for (const folder of [path, join(path, 'model')]) if (hasConfig(folder) || hasAdapter(folder)) return folder;
  const isOnHub = !existsSync(path) && isModelId(name);
  throw new UserError('TSLM_NO_MODEL', `${path}: no model here (there is no config.json)`, {
    hint: isOnHub
      ? `\`tslm pull ${name}\` fetches it, if it is a model of the hub`
      : 'give the folder of a model, or of a run that has reached its first evaluation',
    exitCode: existsSync(path) ? 1 : 2,
  });
}

const hasConfig = (folder: string): boolean => existsSync(join(folder, 'config.json'));

/** Writes config.json and the weights as Hugging Face Transformers reads them: one file, or shards of 5 GB. */
export function saveModel(folder: string, model: Model): void {
  writeJson(join(folder, 'config.json'), configOf(model));
  scope(() => saveSharded(folder, checkpointTensors(model)));
  saveTransitions(folder, model);
}

/** What config.json is to say of a model. */
export function configOf(model: Model): Record<string, unknown> {
  // Transformers loads weights in the type that config.json names, whatever the file holds.
  const { dtype } = model.parameters()[0];
  const { torch_dtype: _, ...rest } = model.config; // the same under its old name
  return { ...rest, architectures: [architectureOf(model)], dtype };
}

/** The class that config.json is to name: as it was, unless another head was put on. */
function architectureOf({ family: { architectures }, config, task }: Model): string {
  const [named] = (config.architectures as string[] | null | undefined) ?? [];
  if (named !== undefined && architectures[named] === task) return named;
  return Object.keys(architectures).find(name => architectures[name] === task)!;
}
