/** Generation defaults that a model folder has. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../../support/files.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { fromGenerationConfigJson, fromModelConfigJson } from './generation-config-json.ts';
import type { GenerationOptions } from './generation-options.ts';

/** What a model folder's generation_config.json asks for; where there is none, what its config.json does. */
export function modelGenerationDefaults(folder: string): GenerationOptions {
  const path = join(folder, 'generation_config.json');
  if (existsSync(path)) return fromGenerationConfigJson(readJson(path), path);
  const config = join(folder, 'config.json');
  return existsSync(config) ? fromModelConfigJson(readJson(config) as Record<string, unknown>, config) : {};
}

/** The same, with the tokenizer's end of sequence where no file names one. */
export function generationDefaults(folder: string, { eosTokenId }: Tokenizer): GenerationOptions {
  return { eosTokenId: eosTokenId ?? null, ...modelGenerationDefaults(folder) };
}
