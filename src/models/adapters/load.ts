/** LoRA adapters from PEFT's folders: `adapter_config.json` beside `adapter_model.safetensors` or `adapter_model.bin`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withoutMemory } from '../../nn/index.ts';
import { UserError } from '../../support/errors.ts';
import { entryOf, openPytorchBin, openSafetensors, scope, type TensorFile } from '../../torch/index.ts';
import type { Place } from '../checkpoint/keys.ts';
import type { Model } from '../model.ts';
import type { Adapter } from './adapter.ts';
import { type AdapterConfig, CONFIG_FILE, readAdapterConfig } from './config.ts';
import { emptyAdapter, settle } from './create.ts';
import { type Places, parameterAt, placesOf } from './places.ts';
import { KEY_PREFIX, storedParameters, storedShape, WEIGHTS_FILE } from './stored.ts';
import { isSavedWhole } from './targets.ts';

/**
 * Loads an adapter for a model. Its tensors get the element type and the device of the weights that they change; where
 * those are packed for inference, they are packed too. All shapes are compared before memory is taken.
 *
 * @throws UserError when the folder is malformed, asks for what is not supported, or does not fit the model
 */
export function loadAdapter(model: Model, folder: string): Adapter {
  const config = readAdapterConfig(folder);
  const file = openWeights(folder);
  const places = placesOf(model);
  const source = { file, keys: keysOf(file) };
  const given = [...source.keys.keys()].filter(key => isWhole(key, places, config));
  const whole = given.filter(key => isSavedWhole(key, config) || !isSame(key, source, places));
  const adapter = withoutMemory(() => emptyAdapter(model, config, places, whole));
  const needed = [...places.parameters.keys()].filter(key => isSavedWhole(key, config));
  requireFit(storedParameters(adapter), source, { given, needed });
  try {
    scope(() => fill(storedParameters(adapter), source));
    settle(adapter);
  } catch (error) {
    adapter.dispose();
    throw error;
  }
  return adapter;
}

function openWeights(folder: string): TensorFile {
  const path = join(folder, WEIGHTS_FILE);
  const pickle = join(folder, 'adapter_model.bin');
  return !existsSync(path) && existsSync(pickle) ? openPytorchBin(pickle) : openSafetensors(path);
}

/** Keys without PEFT's wrappers, and what they are in the file. */
function keysOf(file: TensorFile): Map<string, string> {
  return new Map(
    Array.from(file.entries.keys(), key => {
      if (!key.startsWith(KEY_PREFIX))
        throw new UserError('TSLM_BAD_ADAPTER', `${file.path}: tensor '${key}' is none of a PEFT adapter's`, {
          hint: `its keys start with '${KEY_PREFIX}'`,
        });
      return [key.slice(KEY_PREFIX.length).replace('.base_layer.', '.'), key];
    }),
  );
}

/** Whether a tensor takes the place of a parameter of the model's. */
function isWhole(key: string, { parameters, layers }: Places, config: AdapterConfig): boolean {
  if (!parameters.has(key)) return false;
  if (isSavedWhole(key, config)) return true;
  if (key.endsWith('.bias')) return config.bias !== 'none';
  // PEFT saves tables and output layers that it has adapted or resized.
  const place = layers.get(key.replace(/\.weight$/, ''));
  return place !== undefined && (place.isOutput || !place.isLinear);
}

/** Whether a table in the file is the model's own, up to its element type. */
function isSame(key: string, { file, keys }: Source, { parameters }: Places): boolean {
  const parameter = parameterAt(parameters.get(key)!);
  if (key.endsWith('.bias') || parameter.device.startsWith('meta')) return false;
  const { dtype, device, shape } = parameter;
  if (entryOf(file, keys.get(key)!).shape.join() !== shape.join()) return false;
  return scope(() => file.tensor(keys.get(key)!).to({ dtype, device }).equal(parameter));
}

interface Source {
  file: TensorFile;
  /** By keys without PEFT's wrappers, what they are in the file. */
  keys: ReadonlyMap<string, string>;
}

/**
 * @param options.given keys of parameters that the file holds whole
 * @param options.needed those that it has to hold
 */
function requireFit(
  stored: readonly Place[],
  { file, keys }: Source,
  { given, needed }: { given: readonly string[]; needed: readonly string[] },
): void {
  const fail = (what: string, hint: string): UserError =>
    new UserError('TSLM_BAD_ADAPTER', `${file.path}: ${what}`, { hint });
  const known = new Set([...stored.map(({ key }) => key), ...given]);
  for (const key of [...stored.map(place => place.key), ...needed]) {
    if (keys.has(key)) continue;
    throw fail(
      `'${KEY_PREFIX}${key}' is missing, which ${CONFIG_FILE} asks for`,
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
  for (const place of stored) {
    const [actual, expected] = [entryOf(file, keys.get(place.key)!).shape, storedShape(place)];
    if (actual.join() === expected.join()) continue;
    throw new UserError(
      'TSLM_SHAPE_MISMATCH',
      `${file.path}: tensor '${keys.get(place.key)}' is [${actual.join(', ')}], the model asks for [${expected.join(', ')}]`,
      { hint: 'the adapter belongs to another model, or to one with another vocabulary' },
    );
  }
}

function fill(stored: readonly Place[], { file, keys }: Source): void {
  for (const { key, parameter, transpose } of stored) {
    const tensor = file.tensor(keys.get(key)!);
    parameter.replace(transpose ? tensor.t().contiguous() : tensor);
  }
}
