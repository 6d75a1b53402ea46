/**
 * How a model's folder says that its vectors are made: modules.json and the settings of its pooling, as the library
 * sentence-transformers (Reimers & Gurevych 2019) writes them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Pooling } from '../models/pooling.ts';
import { UserError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import type { EmbeddingOptions } from './embeddings.ts';

const modulesSchema = z.array(z.looseObject({ type: z.string(), path: z.string() }));

/** Keys of a pooling's config.json that name it, of which one is true. */
const poolings: Record<string, Pooling> = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
  pooling_mode_lasttoken: 'last',
  pooling_mode_max_tokens: 'max',
};

/** Newer versions name it by a word. */
const words: Record<string, Pooling> = { mean: 'mean', cls: 'cls', lasttoken: 'last', max: 'max' };

/**
 * Options of `embedTexts` that a folder asks for; none where it has no modules.json.
 *
 * @throws UserError when it asks for a step that is not offered
 */
export function embeddingDefaults(folder: string): EmbeddingOptions {
  const path = join(folder, 'modules.json');
  if (!existsSync(path)) return {};
  const modules = parseOptions(modulesSchema, readJson(path), path);
  const options: EmbeddingOptions = { normalize: false };
  for (const module of modules) {
    const name = module.type.split('.').at(-1)!;
    if (name === 'Normalize') options.normalize = true;
    else if (name === 'Pooling') options.pooling = poolingOf(join(folder, module.path, 'config.json'));
    else if (name !== 'Transformer') throw notOffered(path, `a module '${name}'`);
  }
  return options;
}

function poolingOf(path: string): Pooling {
  const config = parseOptions(z.record(z.string(), z.unknown()), readJson(path), path);
  const asked = Object.keys(config).filter(key => key.startsWith('pooling_mode_') && config[key] === true);
  const pooling = asked.length === 1 ? poolings[asked[0]] : words[String(config.pooling_mode)];
  if (pooling === undefined) throw notOffered(path, `the pooling ${asked.join(' and ') || config.pooling_mode}`);
  return pooling;
}

const notOffered = (path: string, what: string): UserError =>
  new UserError('TSLM_NOT_SUPPORTED', `${path}: ${what} is not supported`, {
    hint: 'give pooling and normalize yourself, or use another model',
  });
