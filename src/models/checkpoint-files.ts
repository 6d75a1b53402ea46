/** Checkpoints on disk: one safetensors file, or shards under an index. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import { openSafetensors, type Tensor } from '../torch/index.ts';

/** Tensors by key, wherever they lie. */
export interface Checkpoint {
  keys: string[];
  tensor(key: string): Tensor;
  /** The file a key is in, for messages. */
  file(key: string): string;
}

const indexSchema = z.object({
  weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+$/, 'must be a file name')),
});

/** @throws UserError when the folder holds no weights, or a shard is missing or malformed */
export function openCheckpoint(folder: string): Checkpoint {
  const single = join(folder, 'model.safetensors');
  if (existsSync(single)) {
    const file = openSafetensors(single);
    return { keys: [...file.entries.keys()], tensor: key => file.tensor(key), file: () => single };
  }
  const indexPath = join(folder, 'model.safetensors.index.json');
  if (!existsSync(indexPath)) {
    throw new UserError('TSLM_NO_WEIGHTS', `${folder}: there is no model.safetensors`, {
      hint: 'give the folder of a model: config.json and model.safetensors',
    });
  }
  const { weight_map: shards } = parseOptions(indexSchema, readJson(indexPath), indexPath);
  const files = new Map([...new Set(Object.values(shards))].map(name => [name, openSafetensors(join(folder, name))]));
  return {
    keys: Object.keys(shards),
    tensor: key => files.get(shards[key])!.tensor(key),
    file: key => (key in shards ? join(folder, shards[key]) : indexPath),
  };
}
