/** Several models of one shape become one, weight by weight, so that no more than one weight of each is in memory as numbers. */
import { isDeepStrictEqual } from 'node:util';
import { usageError } from '../../support/errors.ts';
import { scope, type Tensor } from '../../torch/index.ts';
import { type LoadOptions, loadCompleteModel, modelFolder } from '../auto.ts';
import { ownKeyOf } from '../checkpoint/keys.ts';
import type { Model } from '../model.ts';
import { type MergeConfig, type Setting, settingAt } from './config.ts';
import { type Contribution, dare, linear, slerp, taskArithmetic, ties } from './methods.ts';

export interface MergeOptions extends Pick<LoadOptions, 'onWarning'> {
  /** Of what DARE drops. Default 0. */
  seed?: number;
}

/**
 * The merged model, and the folder whose tokenizer and settings go with it: the base's, or the first model's.
 *
 * @throws UserError when a model is not there, models differ in shape, or a weight or density is missing
 */
export function mergeModels(
  config: MergeConfig,
  { seed = 0, ...options }: MergeOptions = {},
): { model: Model; folder: string } {
  const { models, base_model: baseName, dtype, out_dtype } = config;
  const folder = modelFolder(baseName ?? models[0].model);
  const load = (name: string): Model => loadCompleteModel(modelFolder(name), { dtype: 'auto', ...options });
  const result = load(folder);
  const others = models.map(({ model: name, parameters }) => ({
    name,
    parameters,
    // What is written over must not be read any more: the base has a copy of its own where it contributes.
    model: load(name),
  }));
  try {
    for (const { name, model } of others) requireSameShape(result, model, name);
    const layers = Number(result.backbone.layerCount);
    for (const [index, [path, parameter]] of [...result.namedParameters()].entries()) {
      scope(() => {
        const { key } = ownKeyOf(path, result);
        const depth = depthOf(path, layers);
        const at = (setting: Setting | undefined): number | undefined => settingAt(setting, key, depth);
        const base = parameter.detach().to('float32');
        const contributions = others
          .filter(({ name }) => config.merge_method === 'linear' || name !== baseName)
          .map(({ name, model, parameters }): Contribution => {
            const tensor = tensorAt(model, path).to('float32');
            const weight = at(parameters?.weight ?? config.parameters?.weight);
            if (weight === undefined && config.merge_method !== 'slerp') throw missing(name, 'weight', key);
            return { tensor, weight: weight ?? 1, density: at(parameters?.density ?? config.parameters?.density) ?? 1 };
          });
        const settings = {
          normalize: config.parameters?.normalize ?? ['linear', 'ties'].includes(config.merge_method),
          lambda: at(config.parameters?.lambda) ?? 1,
          seed: seed + index,
        };
        const merged = mergedTensor(config, { base, contributions, settings, t: at(config.parameters?.t) });
        parameter.replace(merged.to(out_dtype ?? dtype ?? parameter.dtype));
      });
    }
    return { model: result, folder };
  } catch (error) {
    result.dispose();
    throw error;
  } finally {
    for (const { model } of others) model.dispose();
  }
}

function mergedTensor(
  { merge_method: method }: MergeConfig,
  {
    base,
    contributions,
    settings,
    t,
  }: {
    base: Tensor;
    contributions: Contribution[];
    settings: { normalize: boolean; lambda: number; seed: number };
    t: number | undefined;
  },
): Tensor {
  switch (method) {
    case 'linear':
      return linear(contributions, settings);
    case 'slerp':
      return slerp(t ?? 0, base, contributions[0].tensor);
    case 'task_arithmetic':
      return taskArithmetic(base, contributions, settings);
    case 'ties':
      return ties(base, contributions, settings);
    case 'dare_linear':
      return dare(base, contributions, settings, { ties: false });
    case 'dare_ties':
      return dare(base, contributions, settings, { ties: true });
  }
}

/** Where in the network a weight is, from 0 to 1: words come before the first layer, norm and head after the last. */
function depthOf(path: string, layers: number): number {
  const [, layer] = path.match(/\.layers\.(\d+)\./) ?? [];
  if (layer !== undefined) return layers > 1 ? Number(layer) / (layers - 1) : 0;
  return /embeddings|shared/.test(path) ? 0 : 1;
}

const tensorAt = (model: Model, path: string): Tensor => {
  for (const [name, parameter] of model.namedParameters()) if (name === path) return parameter.detach();
  throw new Error(`no parameter ${path}`);
};

const missing = (model: string, what: string, key: string) =>
  usageError('TSLM_BAD_VALUE', `'${model}' has no ${what} for '${key}'`, `give 'parameters.${what}' to each model`);

function requireSameShape(base: Model, other: Model, name: string): void {
  const shapes = (model: Model): [string, readonly number[]][] =>
    Array.from(model.namedParameters(), ([path, { shape }]) => [path, [...shape]]);
  const [wanted, given] = [shapes(base), shapes(other)];
  if (isDeepStrictEqual(wanted, given)) return;
  const byPath = new Map(given);
  const differs = wanted.find(([path, shape]) => !isDeepStrictEqual(byPath.get(path), shape));
  const what = differs
    ? `'${ownKeyOf(differs[0], base).key}' is [${differs[1].join(', ')}] in one and ${byPath.has(differs[0]) ? `[${byPath.get(differs[0])!.join(', ')}]` : 'missing'} in the other`
    : `it has weights of its own, such as '${given.find(([path]) => !wanted.some(([own]) => own === path))?.[0]}'`;
  throw usageError(
    'TSLM_SHAPE_MISMATCH',
    `${name}: another shape than the base: ${what}`,
    'merge models of one family and size',
  );
}
