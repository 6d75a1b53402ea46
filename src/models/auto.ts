/** Models by `model_type`: made from a recipe's sizes, loaded from a folder, saved to one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError, usageError } from '../support/errors.ts';
import { readJson, writeJson } from '../support/files.ts';
import { nearest } from '../support/nearest.ts';
import { parseOptions } from '../support/schema.ts';
import { type Device, type DType, saveSafetensors, scope } from '../torch/index.ts';
import { checkpointTensors, loadCheckpoint, openCheckpoint } from './checkpoint.ts';
import { Decoder } from './decoder.ts';
import { gpt2 } from './families/gpt2.ts';
import type { Family, ModelSizes } from './family.ts';

const families: Record<string, Family> = { gpt2 };

export const familyNames = Object.keys(families);

/** A network together with what its folder says about it. */
export interface LanguageModel {
  decoder: Decoder;
  family: Family;
  /** config.json as it was read or made. */
  config: Record<string, unknown>;
}

export function familyOf(modelType: string, where: string): Family {
  const family = families[modelType];
  if (family) return family;
  const guess = nearest(modelType, familyNames);
  throw usageError(
    'TSLM_UNKNOWN_FAMILY',
    `${where}: model type '${modelType}' is not known`,
    guess === undefined ? `known: ${familyNames.join(', ')}` : `did you mean '${guess}'?`,
  );
}

/** The network that a config.json describes, its weights still undefined. */
function build(config: Record<string, unknown>, where: string): LanguageModel {
  const family = familyOf(String(config.model_type), where);
  for (const architecture of (config.architectures as string[] | undefined) ?? []) {
    if (architecture in family.architectures) continue;
    throw new UserError('TSLM_ARCHITECTURE', `${where}: architecture '${architecture}' is not supported yet`, {
      hint: `supported for ${family.modelType}: ${Object.keys(family.architectures).join(', ')}`,
    });
  }
  const options = family.options(config, where);
  const { hidden, heads } = options;
  if (hidden % heads !== 0) {
    throw usageError('TSLM_BAD_SIZES', `${where}: hidden (${hidden}) must be a multiple of heads (${heads})`);
  }
  return { decoder: new Decoder(options), family, config };
}

/**
 * A new model with random weights.
 *
 * @param modelType a family: `gpt2`
 * @param options.seed of the initial weights
 * @param options.dropout everywhere that the family has it; default 0
 * @param options.eosTokenId written to config.json
 */
export function createModel(
  modelType: string,
  sizes: ModelSizes,
  { seed, dropout = 0, eosTokenId = null }: { seed: number; dropout?: number; eosTokenId?: number | null },
): LanguageModel {
  const family = familyOf(modelType, 'model.family');
  const full = {
    model_type: modelType,
    architectures: [Object.keys(family.architectures)[0]],
    ...family.configFor(sizes, dropout),
    bos_token_id: eosTokenId,
    eos_token_id: eosTokenId,
    tie_word_embeddings: true,
    dtype: 'float32',
  };
  const model = build(full, 'model');
  model.decoder.initialize(seed);
  return model;
}

/**
 * Loads a model folder: config.json and model.safetensors.
 *
 * @param options.dtype of the weights; default float32
 * @returns the model in evaluation mode, and keys of the checkpoint that it has no place for
 */
export function loadModel(
  folder: string,
  { dtype = 'float32', device = 'cpu' }: { dtype?: DType; device?: Device } = {},
): LanguageModel & { unexpected: string[] } {
  const where = join(folder, 'config.json');
  const config = parseOptions(z.record(z.string(), z.unknown()), readJson(where), where);
  const model = build(config, where);
  const { prefix, keys, ignoredKeys } = model.family;
  const checkpoint = openCheckpoint(folder);
  // A tied output layer may be stored all the same.
  const ignored = (key: string): boolean => !model.decoder.head && key === 'lm_head.weight';
  const { unexpected } = scope(() =>
    loadCheckpoint(model.decoder, checkpoint, keys, { dtype, prefix, ignored: ignoredKeys }),
  );
  model.decoder.to({ device }).eval();
  return { ...model, unexpected: unexpected.filter(key => !ignored(key)) };
}

/** The model folder that a path means: itself, or `model/` in the folder of a run. Throws a `UserError` otherwise. */
export function modelFolder(path: string): string {
  for (const folder of [path, join(path, 'model')]) if (existsSync(join(folder, 'config.json'))) return folder;
  throw new UserError('TSLM_NO_MODEL', `${path}: no model here (there is no config.json)`, {
    hint: 'give the folder of a model, or of a run that has reached its first evaluation',
    exitCode: existsSync(path) ? 1 : 2,
  });
}

/** Writes config.json and model.safetensors as Hugging Face Transformers reads them. */
export function saveModel(folder: string, { decoder, family, config }: LanguageModel): void {
  // Transformers loads weights in the type that config.json names, whatever the file holds.
  const { dtype } = decoder.embedding.weight;
  const { torch_dtype: _, ...rest } = config; // the same under its old name
  writeJson(join(folder, 'config.json'), { ...rest, dtype });
  scope(() => saveSafetensors(join(folder, 'model.safetensors'), checkpointTensors(decoder, family.keys)));
}
