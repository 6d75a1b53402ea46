/** What tests of encoders share. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFromConfig } from '../../../src/models/auto.ts';
import { checkpointTensors } from '../../../src/models/checkpoint/load.ts';
import type { Model, ModelInputs, ModelOutput } from '../../../src/models/model.ts';
import {
  inferenceMode,
  memoryStats,
  noGrad,
  ones,
  randint,
  resetPeakMemory,
  saveSafetensors,
  scope,
  type Tensor,
  withSeed,
} from '../../../src/torch/index.ts';

/** A model with random numbers in every parameter, biases and norms included. */
export function randomModel(config: Record<string, unknown>, seed = 1): Model {
  const model = createFromConfig(config, { seed });
  withSeed(seed, () =>
    scope(() => {
      noGrad(() => {
        for (const parameter of model.parameters()) parameter.normal_({ std: 0.4 });
      });
    }),
  );
  return model.eval();
}

export const run = (model: Model, inputs: ModelInputs): ModelOutput => inferenceMode(() => model.forward(inputs));

/** Keys and shapes that a model is saved with. */
export const keysOf = (model: Model): string[] => [...checkpointTensors(model)].map(([key]) => key);

/** A folder with a model's config.json and the tensors that are left of its own after a change. */
export function saved(
  folder: string,
  model: Model,
  change: (tensors: Map<string, Tensor>) => void = () => {},
  config: object = model.config,
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const tensors = new Map(checkpointTensors(model));
  change(tensors);
  saveSafetensors(join(folder, 'model.safetensors'), tensors);
  return folder;
}

/** Gives a tensor other names. */
export function rename(tensors: Map<string, Tensor>, from: string | RegExp, to: string): void {
  for (const [key, tensor] of [...tensors]) {
    const name = key.replace(from, to);
    if (name === key) continue;
    tensors.delete(key);
    tensors.set(name, tensor);
  }
}

/** Most bytes that a forward pass over one text takes at once, beside the weights; its logits included. */
export function forwardPeak(model: Model, time: number): number {
  return scope(() => {
    const ids = withSeed(3, () => randint(3, Number(model.config.vocab_size), [1, time], { dtype: 'int64' }));
    const attentionMask = ones([1, time], { dtype: 'int64' });
    const before = memoryStats().liveBytes;
    resetPeakMemory();
    scope(() => run(model, { inputIds: ids, attentionMask }).lastHiddenState.sum().item());
    return memoryStats().peakBytes - before;
  });
}
