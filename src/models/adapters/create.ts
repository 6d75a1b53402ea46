/** New adapters: what a config adds to a model, its parameters still to be filled, or ready to be trained. */
import { Embedding, Linear, Lora, type Parameter } from '../../nn/index.ts';
import { initNormal, initZeros } from '../../nn/init.ts';
import { emptyParameter } from '../../nn/module.ts';
import { usageError } from '../../support/errors.ts';
import { noGrad, scope, withSeed } from '../../torch/index.ts';
import type { Model } from '../model.ts';
import { Adapter } from './adapter.ts';
import { type AdapterConfig, parseAdapterConfig } from './config.ts';
import { type Places, parameterAt, placesOf } from './places.ts';
import { isSavedWhole, strengthOf, targetsOf } from './targets.ts';

/**
 * A new adapter that changes nothing yet, as PEFT starts it: A is random and B zero, for tables the other way round.
 *
 * @param config as in `adapter_config.json`: `{ peft_type: 'LORA', r: 8, target_modules: ['q_proj', 'v_proj'] }`
 * @param options.seed of A
 * @throws UserError when a key is not supported, or no module is meant
 */
export function createAdapter(model: Model, config: Record<string, unknown>, { seed }: { seed: number }): Adapter {
  const parsed = parseAdapterConfig(config, 'adapter');
  if (parsed.init_lora_weights !== true) {
    throw usageError('TSLM_BAD_VALUE', `adapter: 'init_lora_weights': only true is supported for a new adapter`);
  }
  const places = placesOf(model);
  const targets = targetsOf(places.layers.values(), parsed);
  const adapter = emptyAdapter(model, parsed, places, wholeKeys(places, parsed, targets));
  withSeed(seed, () => {
    for (const { layer, lora } of adapter.deltas) {
      const [random, zero] = layer instanceof Embedding ? [lora.up, lora.down] : [lora.down, lora.up];
      if (layer instanceof Embedding) initNormal(random.weight, 1);
      else uniform(random.weight, 1 / Math.sqrt(layer.weight.shape[1]));
      initZeros(zero.weight);
    }
  });
  for (const replacement of adapter.replacements) {
    scope(() => replacement.parameter.replace(parameterAt(replacement).detach().clone()));
  }
  settle(adapter);
  return adapter;
}

/** Parameters get the element type and the device of what they change, and are packed where that is packed. */
export function settle({ model: { device }, deltas, replacements }: Adapter): void {
  const move = (parameter: Parameter, { dtype }: Parameter): void =>
    scope(() => parameter.replace(parameter.detach().to({ dtype, device })));
  for (const { layer, lora } of deltas) {
    for (const parameter of lora.parameters()) move(parameter, layer.weight);
    if (layer instanceof Linear && layer.isPacked) lora.pack();
  }
  for (const replacement of replacements) move(replacement.parameter, parameterAt(replacement));
}

const uniform = (parameter: Parameter, limit: number): void =>
  scope(() => {
    noGrad(() => parameter.uniform_({ from: -limit, to: limit }));
  });

/** Keys of the parameters that come whole with a new adapter. */
function wholeKeys({ parameters }: Places, config: AdapterConfig, targets: ReadonlySet<string>): string[] {
  const isTrainedBias = (key: string): boolean => {
    if (!key.endsWith('.bias') || config.bias === 'none') return false;
    return config.bias === 'all' || targets.has(key.slice(0, -'.bias'.length));
  };
  return [...parameters.keys()].filter(key => isSavedWhole(key, config) || isTrainedBias(key));
}

/**
 * An adapter whose parameters have shapes and no values.
 *
 * @param whole keys of parameters that it replaces
 * @throws UserError when no module is meant
 */
export function emptyAdapter(model: Model, config: AdapterConfig, places: Places, whole: readonly string[]): Adapter {
  const targets = targetsOf(places.layers.values(), config);
  if (targets.size === 0) {
    const known = [...places.layers.keys()];
    throw usageError(
      'TSLM_BAD_ADAPTER',
      `the adapter's target_modules mean no module of this ${model.family.modelType} model`,
      `its modules are called like '${known[0]}' and '${known.at(-1)}'`,
    );
  }
  const tied = whole.find(key => places.layers.get(key.replace(/\.weight$/, ''))?.layer === (model.head?.tied ?? null));
  if (tied !== undefined) {
    const hint = 'save the adapter from a model with tie_word_embeddings: false';
    throw usageError('TSLM_TIED_ADAPTER', `the adapter has '${tied}' of its own, which is the output layer, too`, hint);
  }
  return new Adapter({
    model,
    config,
    deltas: [...targets].map(name => {
      const place = places.layers.get(name)!;
      return { ...place, lora: new Lora(place.layer, strengthOf(name, config)) };
    }),
    replacements: whole.map(key => {
      const place = places.parameters.get(key)!;
      return { ...place, key, parameter: emptyParameter(parameterAt(place).shape) };
    }),
  });
}
