import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeModel, loadCompleteModel } from '../../src/models/auto.ts';
import { type ModelTree, modelMemory, modelTree } from '../../src/models/inspect.ts';
import { memoryStats } from '../../src/torch/index.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const golden = 'test/fixtures/hf/gpt2/lm';

const folderOf = (name: string, config: object): string => {
  const folder = join(scratch, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
};

/** Llama 3 70B as its config.json describes it. */
const llama70b = {
  model_type: 'llama',
  hidden_size: 8192,
  num_hidden_layers: 80,
  intermediate_size: 28672,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  vocab_size: 128256,
  max_position_embeddings: 8192,
};

const walk = (tree: ModelTree): ModelTree[] => [tree, ...tree.children.flatMap(walk)];

describe('modelTree', () => {
  it('counts every weight once, at the module that has it', () => {
    const { model } = describeModel(golden);
    const tree = modelTree(model);
    expect(tree.parameters).toBe(loadCompleteModel(golden).parameterCount());
    const own = walk(tree).map(({ shapes }) =>
      Object.values(shapes).reduce((sum, s) => sum + s.reduce((a, b) => a * b), 0),
    );
    // Layers of the same shape are one line that says how many they are.
    const layers = walk(tree).find(({ count }) => count > 1)!;
    expect(layers).toMatchObject({ name: 'layers.0–1', count: 2 });
    const inLayers = layers.parameters * (layers.count - 1);
    expect(own.reduce((sum, n) => sum + n, 0) + inLayers).toBe(tree.parameters);
  });

  it('needs no weights, and no memory for them', () => {
    const before = memoryStats().liveBytes;
    const { model, checkpoint } = describeModel(folderOf('llama', llama70b));
    expect(checkpoint).toBeUndefined();
    // As Meta states it: 70.6 billion.
    expect(modelTree(model).parameters).toBe(70_553_706_496);
    expect(memoryStats().liveBytes).toBe(before);
  });
});

describe('modelMemory', () => {
  it('is that of weights, of keys and values, and of training', () => {
    const { model } = describeModel(folderOf('memory', llama70b));
    expect(modelMemory(model)).toEqual({
      stored: undefined,
      weights: { float32: 4 * 70_553_706_496, bfloat16: 2 * 70_553_706_496 },
      cachePerToken: 80 * 2 * 8 * 128 * 4,
      cacheFull: 8192 * 80 * 2 * 8 * 128 * 4,
      training: 16 * 70_553_706_496,
    });
  });

  it('says what lies on the disk', () => {
    const { model, checkpoint } = describeModel(golden);
    expect(modelMemory(model, checkpoint).stored).toBe(4 * model.parameterCount());
    const half = folderOf('bare', {});
    for (const file of ['config.json', 'model.safetensors']) copyFileSync(join(golden, file), join(half, file));
    expect(modelMemory(describeModel(half).model).stored).toBeUndefined();
  });
});
