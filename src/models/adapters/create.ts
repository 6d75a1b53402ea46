/** New adapters: what a config adds to a model, its parameters still to be filled, or ready to be trained. */
import { Embedding, Linear, type Parameter, TrainableTokens } from '../../nn/index.ts';
import { emptyParameter } from '../../nn/module.ts';
import { usageError } from '../../support/errors.ts';
import { scope, withSeed } from '../../torch/index.ts';
import type { Model } from '../model.ts';
import { type AdaptedPlace, Adapter } from './adapter.ts';
import { type AdapterConfig, methodOf, parseAdapterConfig } from './config.ts';
import { type Places, parameterAt, placesOf } from './places.ts';
import { isSavedWhole, targetsOf } from './targets.ts';

/** Classifiers that PEFT trains along with an adapter of these tasks. */
const TASK_HEADS: Record<string, string[]> = { SEQ_CLS: ['classifier', 'score'], TOKEN_CLS: ['classifier', 'score'] };

/** PEFT's name for what a model is for. */
const taskTypes: Partial<Record<Model['task'], string>> = {
  causalLM: 'CAUSAL_LM',
  seq2seqLM: 'SEQ_2_SEQ_LM',
  sequenceClassification: 'SEQ_CLS',
  tokenClassification: 'TOKEN_CLS',
  questionAnswering: 'QUESTION_ANS',
};

/**
 * A new adapter that changes nothing yet, as PEFT starts it.
 *
 * @param config as in `adapter_config.json`: `{ peft_type: 'LORA', r: 8, target_modules: ['q_proj', 'v_proj'] }`
 * @param options.seed of what is random in it
 * @throws UserError when a key is not supported, or no module is meant
 */
export function createAdapter(model: Model, config: Record<string, unknown>, { seed }: { seed: number }): Adapter {
  const parsed = parseAdapterConfig(completed(model, config), 'adapter');
  const method = methodOf(parsed, 'adapter');
  const places = placesOf(model);
  const adapter = emptyAdapter(model, parsed, places, wholeKeys(places, parsed, namesOf(places, parsed)));
  withSeed(seed, () => {
    if (adapter.prompt) method.startPrompt!(adapter.prompt, model, parsed);
    if (adapter.shared.length > 0) method.startShared!(adapter.shared, parsed);
    for (const place of adapter.layers) {
      if (place.change instanceof TrainableTokens) place.change.copyFrom(place.layer);
      else method.start!(place.change, place, parsed);
    }
  });
  for (const replacement of adapter.replacements) {
    scope(() => replacement.parameter.replace(parameterAt(replacement).detach().clone()));
  }
  settle(adapter);
  return adapter;
}

/** What the model says of a config that leaves it open. */
function completed(model: Model, config: Record<string, unknown>): Record<string, unknown> {
  const { complete = own => own } = methodOf({ peft_type: String(config.peft_type) }, 'adapter');
  const taskType = config.task_type ?? taskTypes[model.task];
  const heads = TASK_HEADS[String(taskType)] ?? [];
  const whole = [...new Set([...((config.modules_to_save as string[] | null | undefined) ?? []), ...heads])];
  return complete(
    {
      ...config,
      ...(taskType !== undefined && { task_type: taskType }),
      ...(whole.length > 0 && { modules_to_save: whole }),
    },
    model,
  );
}

/** Parameters get the element type and the device of what they change, and are packed where that is packed. */
export function settle({ model, layers, replacements, shared, prompt }: Adapter): void {
  const { device } = model;
  const move = (parameter: Parameter, { dtype }: Pick<Parameter, 'dtype'>): void =>
    scope(() => parameter.replace(parameter.detach().to({ dtype, device })));
  for (const { layer, change } of layers) {
    for (const { parameter } of change.parameters()) move(parameter, layer.weight);
  }
  for (const { parameter } of shared) {
    move(parameter, layers[0].layer.weight);
    parameter.requiresGrad = false;
  }
  if (prompt) move(prompt.parameter, model.parameters()[0]);
  for (const replacement of replacements) move(replacement.parameter, parameterAt(replacement));
  for (const { layer, change } of layers) {
    if (layer instanceof Linear && layer.isPacked) change.pack?.(layer);
  }
}

const namesOf = (places: Places, config: AdapterConfig): Set<string> => targetsOf(places.layers.values(), config);

/** Keys of the parameters that come whole with a new adapter. */
function wholeKeys({ parameters }: Places, config: AdapterConfig, targets: ReadonlySet<string>): string[] {
  const { bias = 'none' } = config;
  const isTrainedBias = (key: string): boolean => {
    if (!key.endsWith('.bias') || bias === 'none') return false;
    return bias === 'all' || targets.has(key.slice(0, -'.bias'.length));
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
  const method = methodOf(config, 'adapter');
  const targets = [...namesOf(places, config)].map(name => places.layers.get(name)!);
  if (method.adapt && targets.length === 0) {
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
  const shared = method.share?.(targets, config) ?? [];
  const layers = method.adapt
    ? targets.map((place): AdaptedPlace => ({ ...place, change: method.adapt!(place, config, shared) }))
    : [];
  return new Adapter({
    model,
    config,
    layers: [...layers, ...tokensOf(places, config, layers)],
    shared,
    prompt: method.prompt?.(model, config),
    replacements: whole.map(key => {
      const place = places.parameters.get(key)!;
      return { ...place, key, parameter: emptyParameter(parameterAt(place).shape) };
    }),
  });
}

/** Tables of which single rows are learnt. */
function tokensOf(places: Places, config: AdapterConfig, others: readonly AdaptedPlace[]): AdaptedPlace[] {
  const { trainable_token_indices: wanted } = config;
  if (wanted == null) return [];
  const tables = [...places.layers.values()].filter(({ layer }) => layer instanceof Embedding);
  const named = Array.isArray(wanted) ? { [tables[0]?.name ?? '']: wanted } : wanted;
  return Object.entries(named).map(([name, ids]) => {
    const place = tables.find(table => table.name === name || table.name.endsWith(`.${name}`));
    const fail = (what: string, hint: string) =>
      usageError('TSLM_BAD_ADAPTER', `'trainable_token_indices': ${what}`, hint);
    if (!place) throw fail(`there is no table '${name}'`, `tables: ${tables.map(table => table.name).join(', ')}`);
    if (others.some(other => other.layer === place.layer)) {
      throw fail(`'${place.name}' is adapted already`, 'leave it out of target_modules');
    }
    try {
      return { ...place, change: new TrainableTokens(place.layer as Embedding, ids) };
    } catch (error) {
      if (error instanceof RangeError) throw fail(error.message, 'ids count from 0');
      throw error;
    }
  });
}
