/** The model that a run starts with: a new one, that of a folder, or one whose linear maps are kept in four bits. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { adapterInUse } from '../models/adapters/index.ts';
import {
  createFromConfig,
  describeModel,
  loadCompleteModel,
  loadModel,
  modelFolder,
  withVocabulary,
} from '../models/auto.ts';
import type { Model, Task } from '../models/model.ts';
import { quantizeLinears } from '../models/quantize.ts';
import { usageError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { scope } from '../torch/index.ts';
import type { WordVectors } from '../vectors/index.ts';
import { modelConfigFor } from './model-config.ts';
import type { Recipe } from './recipe-schema.ts';
import type { RunSource } from './run-source.ts';
import { type TakenVectors, takeVectors } from './word-vectors.ts';

/** A model to train, with what its folder is to say besides the weights. */
export interface StartingPoint {
  model: Model;
  /** Undefined where the model reads and writes no text. */
  tokenizer: Tokenizer | undefined;
  /** What generation_config.json says. */
  generation: Record<string, unknown>;
  /** The word vectors that it begins with. */
  vectors?: TakenVectors;
}

/**
 * What a recipe starts with: a new model, or the one that `model.from` names.
 *
 * @param vectors those that `model.embeddings` names
 */
export function startingPoint(recipe: Recipe, source: RunSource, vectors?: WordVectors): StartingPoint {
  const { from, embeddings } = recipe.model;
  if (from !== undefined) {
    const folder = modelFolder(from);
    source.requireTokenizer(folder);
    const start = trainedModel(folder, recipe, recipe.model.architecture);
    if (recipe.data.chatTemplate === undefined) return start;
    if (recipe.adapter) refuseMoreWords(start.model, source.tokenizer()!);
    return withTemplate(start, source.tokenizer()!);
  }
  const tokenizer = source.tokenizer();
  const model = modelFor(recipe, source);
  const taken = vectors && takeVectors(model, tokenizer!, vectors, embeddings!);
  return { model, tokenizer, generation: newGeneration(tokenizer, model.config), vectors: taken };
}

/** An adapter's file has no place for word vectors that the model below lacks. */
function refuseMoreWords(model: Model, tokenizer: Tokenizer): void {
  if (tokenizer.vocabSize <= Number(model.config.vocab_size)) return;
  model.dispose();
  throw usageError(
    'TSLM_CONTRADICTION',
    "'data.chatTemplate' adds tokens to the vocabulary, and 'adapter' leaves the model below as it is",
    'take data.chatTemplate: plain, which adds none, or train all weights',
  );
}

/** A model that knows the special tokens of its new chat template, and stops where a turn ends. */
function withTemplate({ model, generation }: StartingPoint, tokenizer: Tokenizer): StartingPoint {
  const { device } = model;
  const before = [generation.eos_token_id ?? []].flat() as number[];
  const ends = [...new Set([...[tokenizer.eosTokenId ?? []].flat(), ...before])];
  const larger = withVocabulary(model, tokenizer.vocabSize);
  // A model in four bits has nothing to move.
  if (larger !== model) larger.to({ device });
  return { model: larger, tokenizer, generation: { ...generation, eos_token_id: ends.length === 1 ? ends[0] : ends } };
}

/**
 * What generation_config.json says when nobody has said anything: where texts end, and of encoder–decoders where they begin, which
 * Transformers reads nowhere else.
 */
function newGeneration(tokenizer: Tokenizer | undefined, config: Model['config']): Record<string, unknown> {
  const { decoder_start_token_id: start, pad_token_id: pad } = config;
  return {
    ...(tokenizer?.eosTokenId !== undefined && { eos_token_id: tokenizer.eosTokenId }),
    ...(typeof start === 'number' && { decoder_start_token_id: start }),
    ...(typeof start === 'number' && typeof pad === 'number' && { pad_token_id: pad }),
  };
}

/**
 * The model in a folder, to train on; what the folder says of generation stays as it is.
 *
 * @param architecture a class of its family whose head is put on; what the folder lacks of it is drawn from the seed
 */
export function trainedModel(folder: string, recipe: Recipe, architecture?: string): StartingPoint {
  const path = join(folder, 'generation_config.json');
  const tokenizer = recipe.objective.name === 'image-classification' ? undefined : Tokenizer.fromFile(folder);
  const model = loadForTraining(folder, recipe, architecture);
  const generation = existsSync(path)
    ? (readJson(path) as Record<string, unknown>)
    : newGeneration(tokenizer, model.config);
  return { model, tokenizer, generation };
}

/** The model that a recipe starts with. */
export function modelFor(recipe: Recipe, source: RunSource): Model {
  if (recipe.model.from !== undefined) return startingPoint(recipe, source).model;
  const { seed, train } = recipe;
  const model = createFromConfig(modelConfigFor(recipe, source), { seed, where: 'model' });
  model.to({ device: train.device });
  return model;
}

/**
 * Loads a model with its weights laid out as a new model's are, rather than transposed or in a mapped file: the layout
 * decides in which order products are summed, and so how they are rounded.
 */
export function loadForTraining(
  folder: string,
  { train, seed, model: wanted, adapter }: Pick<Recipe, 'train' | 'seed' | 'model' | 'adapter'>,
  architecture?: string,
): Model {
  const { device } = train;
  const { labels, problemType } = wanted;
  // Of a new model they are in its config.json.
  const config = wanted.from === undefined ? undefined : wanted.config;
  const model =
    architecture === undefined
      ? loadCompleteModel(folder, { device, config })
      : loadModel(folder, { device, seed, labels, problemType, config, task: taskOfClass(folder, architecture) }).model;
  if (adapterInUse(model)) {
    model.dispose();
    const hint = 'train from the model itself';
    throw usageError('TSLM_NOT_MERGEABLE', `'model.from': ${folder} is a model with an adapter before its input`, hint);
  }
  quantizeFor(adapter, model);
  scope(() => {
    for (const parameter of model.parameters()) {
      if (parameter.device !== 'meta') parameter.replace(parameter.detach().contiguous().clone());
    }
  });
  return model;
}

/** QLoRA: linear maps from the file into four bits, one by one, so that the model is never there in floats. */
function quantizeFor(adapter: Recipe['adapter'], model: Model): void {
  if (adapter?.method !== 'lora' || adapter.quantize === undefined) return;
  if (adapter.init === 'pissa' || adapter.init === 'olora') {
    throw usageError(
      'TSLM_CONTRADICTION',
      `'adapter.init': '${adapter.init}' begins with the weights in floats, and 'adapter.quantize' keeps them in four bits`,
      'leave one of them out',
    );
  }
  if (model.device !== 'cpu')
    throw usageError('TSLM_NOT_SUPPORTED', "'adapter.quantize' works on the CPU alone", 'leave it out');
  quantizeLinears(model, { except: adapter.modulesToSave });
}

/** What a class of the family of the model in a folder is for: its head may be another than the folder's, and new. */
function taskOfClass(folder: string, architecture: string): Task {
  const { family } = describeModel(folder).model;
  const task = family.architectures[architecture];
  if (task !== undefined) return task;
  throw usageError(
    'TSLM_ARCHITECTURE',
    `'model.architecture': ${family.modelType} has no class '${architecture}'`,
    `its classes: ${Object.keys(family.architectures).join(', ')}`,
  );
}
