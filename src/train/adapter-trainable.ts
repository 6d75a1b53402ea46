/** An adapter as what a run changes and saves: the model under it stays as it is, without gradients and optimizer state. */
import { join } from 'node:path';
import { type Adapter, readParameters, saveAdapter, storedParameters, withAdapter } from '../models/adapters/index.ts';
import { configOf } from '../models/auto.ts';
import { writeJson } from '../support/files.ts';
import type { Trainable } from './trainable.ts';

/** Its parameters have the names of PEFT's files. The model's config.json is saved along: it names labels and class. */
export function adapterOnly(adapter: Adapter): Trainable {
  const { model } = adapter;
  const stored = storedParameters(adapter).filter(({ isTrained }) => isTrained);
  for (const parameter of model.parameters()) parameter.requiresGrad = false;
  for (const { parameter } of stored) parameter.requiresGrad = true;
  return {
    model,
    namedParameters: () =>
      stored.flatMap(({ key, parameter }) => (parameter.requiresGrad ? [[key, parameter] as const] : [])),
    keyOf: name => name,
    run: body => withAdapter(model, adapter, body),
    train: () => model.train(),
    eval: () => model.eval(),
    zeroGrad() {
      for (const { parameter } of stored) parameter.grad = undefined;
    },
    save(folder) {
      saveAdapter(folder, adapter);
      writeJson(join(folder, 'config.json'), configOf(model));
    },
    load: folder => readParameters(adapter, folder),
    dispose() {
      adapter.dispose();
      model.dispose();
    },
  };
}
