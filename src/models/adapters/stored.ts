/** What PEFT's files hold of an adapter: its parameters by their keys. */
import type { Parameter } from '../../nn/index.ts';
import type { AdaptedPlace, Adapter } from './adapter.ts';

export const WEIGHTS_FILE = 'adapter_model.safetensors';

export interface StoredParameter {
  /** In the file. */
  key: string;
  parameter: Parameter;
  /** The file holds the transpose. */
  transpose: boolean;
  /** Training changes it. */
  isTrained: boolean;
}

/** Before the keys of a file: prompts wrap a model once, other methods twice. */
export const prefixOf = ({ prompt }: Pick<Adapter, 'prompt'>): string => (prompt ? 'base_model.' : 'base_model.model.');

/** A layer's parameters. */
const ofLayer = ({ name, change }: AdaptedPlace): StoredParameter[] =>
  change.parameters().map(({ name: end, parameter, transpose = false }) => ({
    key: `base_model.model.${name}.${end}`,
    parameter,
    transpose,
    isTrained: true,
  }));

/** Every parameter of an adapter that is not in use. */
export function storedParameters(
  adapter: Pick<Adapter, 'layers' | 'replacements' | 'prompt' | 'shared'>,
): StoredParameter[] {
  const { layers, replacements, prompt, shared } = adapter;
  const adapted = new Set(layers.map(({ name }) => name));
  /** PEFT keeps the bias of an adapted layer inside the wrapper. */
  const wrapped = (key: string): string => {
    const dot = key.lastIndexOf('.');
    return adapted.has(key.slice(0, dot)) ? `${key.slice(0, dot)}.base_layer${key.slice(dot)}` : key;
  };
  return [
    ...(prompt ? [{ key: 'prompt_embeddings', parameter: prompt.parameter, transpose: false, isTrained: true }] : []),
    ...shared.map(({ key, parameter }) => ({ key, parameter, transpose: false, isTrained: false })),
    ...layers.flatMap(ofLayer),
    ...replacements.map(({ key, parameter, transpose }) => ({
      key: prefixOf(adapter) + wrapped(key),
      parameter,
      transpose,
      isTrained: true,
    })),
  ];
}

/** A key without PEFT's wrappers. */
export const plainKey = (key: string): string =>
  key.replace('.base_layer.', '.').replace(/\.modules_to_save(\.default)?\./, '.');

/** What stands in the shape of a file's tensor. */
export const storedShape = ({ parameter: { shape }, transpose }: StoredParameter): readonly number[] =>
  transpose ? [...shape].reverse() : shape;
