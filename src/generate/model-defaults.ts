import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../support/files.ts';
import type { GenerationOptions } from './generation-config.ts';
import { fromGenerationConfigJson } from './generation-config-json.ts';

/** What a model folder's generation_config.json asks for; nothing when there is none. */
export function modelGenerationDefaults(folder: string): GenerationOptions {
  const path = join(folder, 'generation_config.json');
  return existsSync(path) ? fromGenerationConfigJson(readJson(path), path) : {};
}
