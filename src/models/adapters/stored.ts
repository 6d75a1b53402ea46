/** An adapter's parameters under the keys and in the layout of PEFT's files. */
import { Embedding } from '../../nn/index.ts';
import type { Place } from '../checkpoint/keys.ts';
import type { Adapter, Delta } from './adapter.ts';

/** Before every key of a file. */
export const KEY_PREFIX = 'base_model.model.';
export const WEIGHTS_FILE = 'adapter_model.safetensors';

/** A layer's factors; a table's A is stored as [rank, rows]. */
function factorsOf({ name, lora: { down, up } }: Delta): Place[] {
  const isTable = down instanceof Embedding;
  const [a, b] = isTable ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
  return [
    { key: `${name}.${a}`, parameter: down.weight, transpose: isTable },
    { key: `${name}.${b}`, parameter: up.weight, transpose: false },
  ];
}

/** Every parameter of an adapter that is not in use; `KEY_PREFIX` comes before the keys. */
export const storedParameters = ({ deltas, replacements }: Pick<Adapter, 'deltas' | 'replacements'>): Place[] => [
  ...deltas.flatMap(factorsOf),
  ...replacements,
];

/** What stands in the shape of a file's tensor. */
export const storedShape = ({ parameter: { shape }, transpose }: Place): readonly number[] =>
  transpose ? [...shape].reverse() : shape;
