/** What tests of decoders share. */
import { expect } from 'vitest';
import { createFromConfig } from '../../../src/models/auto.ts';
import type { Model, ModelInputs } from '../../../src/models/model.ts';
import { KVCache } from '../../../src/nn/index.ts';
import { type Tensor, tensor } from '../../../src/torch/index.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, run } from './helpers.ts';

/** Sizes for every family with Llama's names of keys. */
export const sizes = {
  vocab_size: 20,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 16,
  pad_token_id: null,
};

export const text = [3, 5, 7, 11, 2, 19, 0, 4, 8, 13, 1, 17];

export const tolerance = { atol: 2e-5, rtol: 2e-4 };

/** [time, vocab] of one text */
export const logitsOf = (model: Model, ids: readonly number[], more: ModelInputs = {}): Tensor =>
  run(model, { inputIds: int64([[...ids]]), ...more }).logits!.squeezeDim(0);

export const expectLogits = (model: Model, ids: readonly number[], expected: number[][], more: ModelInputs = {}) =>
  expectClose(logitsOf(model, ids, more), tensor(expected), tolerance);

/** [time, vocab], computed with a cache: so many positions at a time. */
export function logitsInSteps(model: Model, ids: readonly number[], chunks: readonly number[]): number[][] {
  const rows: number[][] = [];
  using cache = new KVCache(model.backbone.layerCount, ids.length);
  let done = 0;
  for (const count of chunks) {
    rows.push(...(logitsOf(model, ids.slice(done, done + count), { cache }).toArray() as number[][]));
    done += count;
  }
  expect(done).toBe(ids.length);
  return rows;
}

/** The last keys of a checkpoint of this class. */
export function lastKeys(config: Record<string, unknown>, architecture: string, count: number): string[] {
  const model = createFromConfig({ ...config, architectures: [architecture] }, { seed: 1 });
  const keys = keysOf(model);
  model.dispose();
  return keys.slice(-count);
}

/** What is thrown when a model is made from a config.json. */
export function refusal(config: Record<string, unknown>): string {
  try {
    createFromConfig(config, { seed: 1 }).dispose();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('accepted');
}
