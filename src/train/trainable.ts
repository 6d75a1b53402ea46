/** What a run changes and what it saves: a whole model, or a part over a model that stays as it is. */
import { dirname, join } from 'node:path';
import { loadCompleteModel, saveModel } from '../models/auto.ts';
import { ownKeyOf } from '../models/checkpoint/keys.ts';
import { Model } from '../models/model.ts';
import type { Companion } from '../objectives/objective.ts';
import { makeFolder, writeJson } from '../support/files.ts';
import { noGrad, scope } from '../torch/index.ts';
import type { NamedParameters } from './optimizers/optimizer.ts';

export interface Trainable {
  readonly model: Model;
  /** What the optimizer changes. */
  namedParameters(): NamedParameters;
  /** What a checkpoint calls one of them. */
  keyOf(name: string): string;
  /** Runs a forward or backward pass with whatever belongs to it in force. */
  run<T>(body: () => T): T;
  /** Dropout is on. */
  train(): void;
  eval(): void;
  zeroGrad(): void;
  /** Writes its files into a folder. */
  save(folder: string): void;
  /** Takes from a folder what belongs to it beside the model. */
  load(folder: string): void;
  dispose(): void;
}

/**
 * All weights of a model, and of what is trained along.
 *
 * @param companions by the names of their folders, below that of the model; they may share weights with it
 * @param files JSON that is saved with it, by paths in its folder
 */
export function wholeModel(
  model: Model,
  companions: Readonly<Record<string, Companion>> = {},
  files: Readonly<Record<string, unknown>> = {},
): Trainable {
  const others = Object.entries(companions);
  const models = [model, ...others.map(([, companion]) => companion)];
  for (const [, companion] of others) companion.to({ device: model.device });
  const each = (act: (one: Companion) => void): void => {
    for (const one of models) act(one);
  };
  return {
    model,
    namedParameters() {
      const named = new Map([...model.namedParameters()].map(([name, parameter]) => [parameter, name]));
      for (const [folder, companion] of others) {
        for (const [name, parameter] of companion.namedParameters()) {
          if (!named.has(parameter)) named.set(parameter, `${folder}.${name}`);
        }
      }
      return [...named].flatMap(([parameter, name]) => (parameter.requiresGrad ? [[name, parameter] as const] : []));
    },
    keyOf(name) {
      const companion = others.find(([folder]) => name.startsWith(`${folder}.`));
      if (!companion) return ownKeyOf(name, model).key;
      const [folder, other] = companion;
      const path = name.slice(folder.length + 1);
      return `${folder}.${(other instanceof Model ? ownKeyOf(path, other) : other.keyOf(path)).key}`;
    },
    run: body => body(),
    train: () => each(one => one.train()),
    eval: () => each(one => one.eval()),
    zeroGrad: () => each(one => one.zeroGrad()),
    save(folder) {
      saveModel(folder, model);
      for (const [path, content] of Object.entries(files)) {
        makeFolder(dirname(join(folder, path)));
        writeJson(join(folder, path), content);
      }
      for (const [name, companion] of others) {
        makeFolder(join(folder, name));
        if (companion instanceof Model) saveModel(join(folder, name), companion);
        else companion.save(join(folder, name));
      }
    },
    load(folder) {
      for (const [name, companion] of others) {
        if (!(companion instanceof Model)) {
          companion.load(join(folder, name));
          continue;
        }
        using saved = loadCompleteModel(join(folder, name));
        const tensors = new Map(saved.namedParameters());
        scope(() =>
          noGrad(() => {
            for (const [path, parameter] of companion.namedParameters()) parameter.copy_(tensors.get(path)!);
          }),
        );
      }
    },
    dispose: () => each(one => one.dispose()),
  };
}
