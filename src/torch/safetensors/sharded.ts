/**
 * Weights in as many files as their size asks for, under an index that says which tensor is where: the layout of
 * `save_pretrained` in Hugging Face Transformers. One file when they fit into it.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { namingFile } from '../../support/errors.ts';
import { renameDurably, temporaryBeside, writeJson } from '../../support/files.ts';
import type { Tensor } from '../tensor.ts';
import { saveSafetensors } from './write.ts';

type Named = readonly [name: string, tensor: Tensor];

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;

/**
 * Saves tensors as `model.safetensors`, or as `model-00001-of-0000N.safetensors` with an index. What an earlier save
 * left there is removed. An interruption leaves the old weights, the new ones, or none that can be opened; never a mix.
 *
 * @param options.maxShardSize bytes of tensors in a file; a larger tensor gets one of its own. Default 5 GB (5·10⁹)
 * @param options.metadata strings for the header of each file; default `{ format: 'pt' }`
 */
export function saveSharded(
  folder: string,
  tensors: Iterable<Named>,
  { maxShardSize = 5e9, metadata }: { maxShardSize?: number; metadata?: Record<string, string> } = {},
): void {
  const all = [...tensors];
  const shards = split(all, maxShardSize);
  if (shards.length <= 1) {
    saveSafetensors(join(folder, SINGLE), all, { metadata });
    removeStale(folder, name => name === INDEX || SHARD.test(name));
    return;
  }
  const number = (i: number): string => String(i).padStart(5, '0');
  const names = shards.map((_, i) => `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`);
  const temporary = names.map(name => temporaryBeside(join(folder, name)));
  try {
    for (const [i, shard] of shards.entries()) saveSafetensors(temporary[i], shard, { metadata });
    // An old index must not find new shards under its names.
    removeStale(folder, name => name === INDEX);
    for (const [i, name] of names.entries()) namingFile(folder, () => renameDurably(temporary[i], join(folder, name)));
  } finally {
    for (const path of temporary) if (existsSync(path)) rmSync(path);
  }
  const places = shards.flatMap((shard, i) => shard.map(([name]) => [name, names[i]] as const));
  writeJson(join(folder, INDEX), {
    metadata: {
      total_parameters: sum(all, tensor => tensor.numel),
      total_size: sum(all, tensor => tensor.nbytes),
    },
    weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))),
  });
  removeStale(folder, name => name === SINGLE || (SHARD.test(name) && !names.includes(name)));
}

const sum = (tensors: readonly Named[], of: (tensor: Tensor) => number): number =>
  tensors.reduce((total, [, tensor]) => total + of(tensor), 0);

/** Shards are filled in the order of the tensors; one that is larger than a shard goes between them. */
function split(tensors: readonly Named[], maxShardSize: number): Named[][] {
  const shards: Named[][] = [];
  const names = new Set<string>();
  let current: Named[] = [];
  let size = 0;
  for (const named of tensors) {
    const [name, { nbytes }] = named;
    if (names.has(name)) throw new Error(`two tensors cannot both be called '${name}'`);
    names.add(name);
    if (nbytes > maxShardSize) {
      shards.push([named]);
      continue;
    }
    if (size + nbytes > maxShardSize) {
      shards.push(current);
      current = [];
      size = 0;
    }
    current.push(named);
    size += nbytes;
  }
  if (current.length > 0) shards.push(current);
  return shards;
}

function removeStale(folder: string, isStale: (name: string) => boolean): void {
  namingFile(folder, () => {
    for (const name of readdirSync(folder)) if (isStale(name)) rmSync(join(folder, name));
  });
}
