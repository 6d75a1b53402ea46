/** Checkpoints on disk: one safetensors file or shards under an index, and the mapping of keys onto modules. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Module } from '../nn/index.ts';
import { UserError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import { type DType, openSafetensors, type Tensor } from '../torch/index.ts';
import type { KeyRule } from './family.ts';

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

interface MappedKey {
  key: string;
  transpose: boolean;
}

/** The checkpoint key of a module path under a family's rules. */
export function keyOf(path: string, rules: readonly KeyRule[]): MappedKey {
  for (const [from, to, change] of rules) {
    const numbers: string[] = [];
    const pattern = from.replace(/[.]/g, '\\.').replace('*', '(\\d+)');
    const match = path.match(new RegExp(`^${pattern}${from.endsWith('.') ? '(.*)' : ''}$`));
    if (!match) continue;
    const rest = from.endsWith('.') ? match.pop()! : '';
    numbers.push(...match.slice(1));
    return { key: to.replace('*', () => numbers.shift()!) + rest, transpose: change === 'transpose' };
  }
  throw new Error(`no key rule for the parameter ${path}`);
}

export interface LoadReport {
  /** Keys in the checkpoint that the model has no place for. */
  unexpected: string[];
}

/**
 * Puts a checkpoint's tensors in the place of a module's parameters. They keep using the mapped file unless their
 * element type has to change.
 *
 * @param options.dtype element type of the parameters; default float32
 * @param options.prefix left out by checkpoints of the bare model
 * @throws UserError when keys are missing or shapes differ
 */
export function loadCheckpoint(
  module: Module,
  checkpoint: Checkpoint,
  rules: readonly KeyRule[],
  { dtype = 'float32', prefix = '', ignored }: { dtype?: DType; prefix?: string; ignored?: RegExp } = {},
): LoadReport {
  const present = new Set(checkpoint.keys);
  const isBare = prefix !== '' && !checkpoint.keys.some(key => key.startsWith(prefix));
  const stored = (key: string): string => (isBare && key.startsWith(prefix) ? key.slice(prefix.length) : key);
  const missing: string[] = [];
  for (const [path, parameter] of module.namedParameters()) {
    const mapped = keyOf(path, rules);
    const key = stored(mapped.key);
    if (!present.delete(key)) {
      missing.push(key);
      continue;
    }
    const tensor = checkpoint.tensor(key);
    const fitting = mapped.transpose ? tensor.t() : tensor;
    if (fitting.shape.join() !== parameter.shape.join()) {
      const expected = mapped.transpose ? [...parameter.shape].reverse() : parameter.shape;
      throw new UserError(
        'TSLM_SHAPE_MISMATCH',
        `${checkpoint.file(key)}: tensor '${key}' is [${tensor.shape.join(', ')}], config.json says [${expected.join(', ')}]`,
        { hint: 'the weights and config.json belong to different models' },
      );
    }
    parameter.replace(fitting.to(dtype));
  }
  if (missing.length > 0) {
    throw new UserError(
      'TSLM_MISSING_WEIGHTS',
      `${checkpoint.file(missing[0])}: ${missing.length} tensors are missing, '${missing[0]}' first`,
      { hint: 'the checkpoint is incomplete, or of another architecture than config.json says' },
    );
  }
  return { unexpected: [...present].filter(key => !ignored?.test(key)) };
}

/** A module's parameters under the keys and in the layout of its family's checkpoints. */
export function* checkpointTensors(
  module: Module,
  rules: readonly KeyRule[],
): Generator<[key: string, tensor: Tensor]> {
  for (const [path, parameter] of module.namedParameters()) {
    const { key, transpose } = keyOf(path, rules);
    yield [key, transpose ? parameter.detach().t() : parameter.detach()];
  }
}
