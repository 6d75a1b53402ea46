/** Adapters written by hand: PEFT's files for the modules that a test names, and the checkpoint that they amount to. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointTensors } from '../../../src/models/checkpoint/load.ts';
import type { Model } from '../../../src/models/model.ts';
import { randn, saveSafetensors, type Tensor, withSeed } from '../../../src/torch/index.ts';

export interface RawAdapter {
  /** Files' tensors. */
  tensors: Map<string, Tensor>;
  /** Of the model with the adapter merged: keys and tensors of its checkpoint. */
  merged: Map<string, Tensor>;
}

export interface RawOptions {
  /** Ends of names of linear modules. */
  modules?: readonly string[];
  /** Ends of names of tables. */
  tables?: readonly string[];
  rank?: (module: string) => number;
  scale?: (module: string) => number;
  /** The checkpoint holds weights as [in, out]. */
  transposed?: boolean;
  seed?: number;
}

const endsWith = (name: string, ends: readonly string[]): boolean =>
  ends.some(end => name === end || name.endsWith(`.${end}`));

/** Random factors for every named module of a model, and W + s·BA for each. */
export function rawAdapter(
  model: Model,
  { modules = [], tables = [], rank = () => 3, scale = () => 2, transposed = false, seed = 11 }: RawOptions,
): RawAdapter {
  const merged = new Map<string, Tensor>();
  const tensors = new Map<string, Tensor>();
  withSeed(seed, () => {
    for (const [key, weight] of checkpointTensors(model)) {
      merged.set(key, weight);
      const module = key.replace(/\.weight$/, '');
      const isTable = endsWith(module, tables);
      if (key === module || !(isTable || endsWith(module, modules))) continue;
      const flips = transposed || isTable;
      const [out, from] = flips ? [...weight.shape].reverse() : weight.shape;
      const [a, b] = [randn([rank(module), from]).mul(0.3), randn([out, rank(module)]).mul(0.3)];
      const delta = b.matmul(a).mul(scale(module));
      const [nameA, nameB] = isTable ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
      tensors.set(`base_model.model.${module}.${nameA}`, a);
      tensors.set(`base_model.model.${module}.${nameB}`, b);
      merged.set(key, weight.add(flips ? delta.t() : delta));
    }
  });
  return { tensors, merged };
}

/** Writes a PEFT folder. */
export function writeAdapter(folder: string, tensors: ReadonlyMap<string, Tensor>, config: object): string {
  mkdirSync(folder, { recursive: true });
  const full = { peft_type: 'LORA', r: 3, lora_alpha: 6, ...config };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(full));
  saveSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  return folder;
}

/** Puts tensors in the place of a checkpoint's. */
export const laidOver =
  (tensors: ReadonlyMap<string, Tensor>) =>
  (all: Map<string, Tensor>): void => {
    for (const [key, tensor] of tensors) all.set(key, tensor);
  };
