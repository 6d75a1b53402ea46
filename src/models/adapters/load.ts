/** Adapters from PEFT's folders: `adapter_config.json` beside `adapter_model.safetensors` or `adapter_model.bin`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Lora, withoutMemory } from '../../nn/index.ts';
import { UserError } from '../../support/errors.ts';
import { entryOf, noGrad, openPytorchBin, openSafetensors, scope, type TensorFile } from '../../torch/index.ts';
import type { Model } from '../model.ts';
import type { Adapter } from './adapter.ts';
import { type AdapterConfig, CONFIG_FILE, methodOf, readAdapterConfig } from './config.ts';
import { emptyAdapter, settle } from './create.ts';
import { type Places, parameterAt, placesOf } from './places.ts';
import { plainKey, type StoredParameter, storedParameters, storedShape, WEIGHTS_FILE } from './stored.ts';
import { isSavedWhole } from './targets.ts';

/**
 * Loads an adapter for a model. Its tensors get the element type and the device of the weights that they change; where
 * those are packed for inference, they are packed too. All shapes are compared before memory is taken.
 *
 * @throws UserError when the folder is malformed, asks for what is not supported, or does not fit the model
 */
export function loadAdapter(model: Model, folder: string): Adapter {
  const config = readAdapterConfig(folder);
  const method = methodOf(config, folder);
  const file = openWeights(folder);
  const places = placesOf(model);
  const prefix = method.prompt ? 'base_model.' : 'base_model.model.';
  const source = { file, keys: keysOf(file), prefix };
  const given = [...places.parameters.keys()].filter(
    key => source.keys.has(prefix + key) && isWhole(key, places, config),
  );
  const whole = given.filter(key => isSavedWhole(key, config) || !isSame(key, source, places));
  const adapter = withoutMemory(() => emptyAdapter(model, config, places, whole));
  const needed = [...places.parameters.keys()].filter(key => isSavedWhole(key, config));
  const stored = storedParameters(adapter);
  /** What is drawn from a key of the config need not be in the file. */
  const isDrawn = ({ key, isTrained }: StoredParameter): boolean => !isTrained && !source.keys.has(key);
  requireFit(
    stored.filter(parameter => !isDrawn(parameter)),
    source,
    { given, needed },
  );
  try {
    scope(() => {
      fill(
        stored.filter(parameter => !isDrawn(parameter)),
        source,
      );
      if (stored.some(isDrawn)) {
        for (const { parameter } of adapter.shared) parameter.replace(parameter.detach().to({ device: 'cpu' }));
        method.startShared!(adapter.shared, config);
      }
    });
    settle(adapter);
  } catch (error) {
    adapter.dispose();
    throw error;
  }
  return adapter;
}

/**
 * Takes the values of an adapter's parameters from a folder that `saveAdapter` wrote of it.
 *
 * @throws UserError when a tensor is missing, or of another shape
 */
export function readParameters(adapter: Adapter, folder: string): void {
  const file = openWeights(folder);
  const source = { file, keys: keysOf(file), prefix: '' };
  const doubled = new Set(adapter.layers.filter(({ change }) => change instanceof Lora && change.hasStart));
  scope(() =>
    noGrad(() => {
      const rest = storedParameters({ ...adapter, layers: adapter.layers.filter(layer => !doubled.has(layer)) });
      for (const { key, parameter, transpose } of rest) {
        const tensor = file.tensor(source.keys.get(plainKey(key))!);
        parameter.copy_(transpose ? tensor.t() : tensor);
      }
      for (const { name, change } of doubled) {
        const [down, up] = ['lora_A', 'lora_B'].map(part => file.tensor(`base_model.model.${name}.${part}.weight`));
        (change as Lora).setDoubled(down, up);
      }
    }),
  );
}

function openWeights(folder: string): TensorFile {
  const path = join(folder, WEIGHTS_FILE);
  const pickle = join(folder, 'adapter_model.bin');
  return !existsSync(path) && existsSync(pickle) ? openPytorchBin(pickle) : openSafetensors(path);
}

/** Keys without PEFT's wrappers, and what they are in the file. */
function keysOf(file: TensorFile): Map<string, string> {
  const keys = new Map<string, string>();
  for (const key of file.entries.keys()) {
    if (!key.startsWith('base_model.') && key !== 'prompt_embeddings')
      throw new UserError('TSLM_BAD_ADAPTER', `${file.path}: tensor '${key}' is none of a PEFT adapter's`, {
        hint: "its keys start with 'base_model.'",
      });
    // PEFT may save a module that comes whole, and what it was before, several times.
    if (key.includes('.original_module.')) continue;
    const plain = plainKey(key);
    if (!keys.has(plain) || !key.includes('.modules_to_save.')) keys.set(plain, key);
  }
  return keys;
}

/** Whether a tensor takes the place of a parameter of the model's. */
function isWhole(key: string, { layers }: Places, config: AdapterConfig): boolean {
  if (isSavedWhole(key, config)) return true;
  if (key.endsWith('.bias')) return (config.bias ?? 'none') !== 'none';
  // PEFT saves tables and output layers that it has adapted or resized.
  const place = layers.get(key.replace(/\.weight$/, ''));
  return place !== undefined && (place.isOutput || !place.isLinear);
}

/** Whether a table in the file is the model's own, up to its element type. */
function isSame(key: string, { file, keys, prefix }: Source, { parameters }: Places): boolean {
  const parameter = parameterAt(parameters.get(key)!);
  if (key.endsWith('.bias') || parameter.device.startsWith('meta')) return false;
  const { dtype, device, shape } = parameter;
  const stored = keys.get(prefix + key)!;
  if (entryOf(file, stored).shape.join() !== shape.join()) return false;
  return scope(() => file.tensor(stored).to({ dtype, device }).equal(parameter));
}

interface Source {
  file: TensorFile;
  /** By keys without PEFT's wrappers, what they are in the file. */
  keys: ReadonlyMap<string, string>;
  /** Before keys of the model. */
  prefix: string;
}

/**
 * @param options.given keys of parameters that the file holds whole
 * @param options.needed those that it has to hold
 */
function requireFit(
  stored: readonly StoredParameter[],
  { file, keys, prefix }: Source,
  { given, needed }: { given: readonly string[]; needed: readonly string[] },
): void {
  const fail = (what: string, hint: string): UserError =>
    new UserError('TSLM_BAD_ADAPTER', `${file.path}: ${what}`, { hint });
  const ownKeys = stored.map(({ key }) => key);
  const known = new Set([...ownKeys.map(plainKey), ...given.map(key => prefix + key)]);
  for (const key of [...ownKeys, ...needed.map(key => prefix + key)]) {
    if (keys.has(plainKey(key))) continue;
    throw fail(
      `'${key}' is missing, which ${CONFIG_FILE} asks for`,
      'the adapter is incomplete: fetch or save it again',
    );
  }
  for (const [key, name] of keys) {
    if (known.has(key)) continue;
    throw fail(
      `the model has no place for '${name}'`,
      'the adapter belongs to another model, or the model to another task',
    );
  }
  for (const parameter of stored) {
    const name = keys.get(plainKey(parameter.key))!;
    const [actual, expected] = [entryOf(file, name).shape, storedShape(parameter)];
    if (actual.join() === expected.join()) continue;
    throw new UserError(
      'TSLM_SHAPE_MISMATCH',
      `${file.path}: tensor '${name}' is [${actual.join(', ')}], the model asks for [${expected.join(', ')}]`,
      { hint: 'the adapter belongs to another model, or to one with another vocabulary' },
    );
  }
}

function fill(stored: readonly StoredParameter[], { file, keys }: Source): void {
  for (const { key, parameter, transpose } of stored) {
    const tensor = file.tensor(keys.get(plainKey(key))!);
    parameter.replace(transpose ? tensor.t().contiguous() : tensor);
  }
}
