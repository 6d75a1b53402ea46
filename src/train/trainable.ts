/** What a run changes and what it saves: a whole model, or a part over a model that stays as it is. */
import { saveModel } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import type { NamedParameters } from './optimizers/optimizer.ts';

export interface Trainable {
  readonly model: Model;
  /** What the optimizer changes. */
  namedParameters(): NamedParameters;
  /** Runs a forward or backward pass with whatever belongs to it in force. */
  run<T>(body: () => T): T;
  zeroGrad(): void;
  /** Writes its files into a folder. */
  save(folder: string): void;
}

export const wholeModel = (model: Model): Trainable => ({
  model,
  namedParameters: () => [...model.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad),
  run: body => body(),
  zeroGrad: () => model.zeroGrad(),
  save: folder => saveModel(folder, model),
});
