/** Between checkpoints and networks: which key belongs to which parameter, loading and saving. */
import { UserError } from '../support/errors.ts';
import type { DType, Tensor } from '../torch/index.ts';
import type { Checkpoint } from './checkpoint-files.ts';
import type { KeyRule } from './family.ts';
import type { Model } from './model.ts';

interface MappedKey {
  key: string;
  transpose: boolean;
}

/** The checkpoint key of a module path under a family's rules. */
export function keyOf(path: string, rules: readonly KeyRule[]): MappedKey {
  for (const [from, to, change] of rules) {
    const pattern = from.replaceAll('.', '\\.').replaceAll('*', '(\\d+)');
    const match = path.match(new RegExp(`^${pattern}${from.endsWith('.') ? '(.*)' : ''}$`));
    if (!match) continue;
    const rest = from.endsWith('.') ? match.pop()! : '';
    const numbers = match.slice(1);
    const key = typeof to === 'string' ? to.replaceAll('*', () => numbers.shift()!) : to(...numbers.map(Number));
    return { key: key + rest, transpose: change === 'transpose' };
  }
  throw new Error(`no key rule for the parameter ${path}`);
}

export interface LoadReport {
  /** Keys that the checkpoint lacks; these parameters were drawn afresh. */
  missing: string[];
  /** Keys in the checkpoint that the model has no place for. */
  unexpected: string[];
}

/**
 * Puts a checkpoint's tensors in the place of a model's parameters. They keep using the mapped file unless their
 * element type has to change.
 *
 * @param options.dtype element type of the parameters; `auto`: as stored
 * @param options.seed of the parameters that the checkpoint lacks
 * @throws UserError when shapes differ, or the checkpoint holds nothing of the model
 */
export function loadCheckpoint(
  model: Model,
  checkpoint: Checkpoint,
  { dtype, seed }: { dtype: DType | 'auto'; seed: number },
): LoadReport {
  const { family, task } = model;
  const { prefix, keys: rules, ignoredKeys } = family;
  const present = new Set(checkpoint.keys);
  // The bare model's keys have no prefix, whichever class saved it.
  const isBare = prefix !== '' && !checkpoint.keys.some(key => key.startsWith(prefix));
  const stored = (key: string): string => (isBare && key.startsWith(prefix) ? key.slice(prefix.length) : key);
  const found: [path: string, key: string, transpose: boolean][] = [];
  const missing: string[] = [];
  const used = new Set<string>();
  for (const [path] of model.namedParameters()) {
    const { key, transpose } = keyOf(path, rules);
    if (present.has(stored(key))) found.push([path, stored(key), transpose]);
    else missing.push(task === 'backbone' && key.startsWith(prefix) ? key.slice(prefix.length) : key);
    used.add(stored(key));
  }
  if (found.length === 0) {
    throw new UserError('TSLM_MISSING_WEIGHTS', `${checkpoint.file(checkpoint.keys[0])}: none of the model's weights`, {
      hint: `config.json says ${family.modelType}; the first key here is '${checkpoint.keys[0]}'`,
    });
  }
  if (missing.length > 0) model.initialize(seed);
  const parameters = new Map(model.namedParameters());
  for (const [path, key, transpose] of found) {
    const parameter = parameters.get(path)!;
    const tensor = checkpoint.tensor(key);
    const fitting = transpose ? tensor.t() : tensor;
    if (fitting.shape.join() !== parameter.shape.join()) {
      const expected = transpose ? [...parameter.shape].reverse() : parameter.shape;
      throw new UserError(
        'TSLM_SHAPE_MISMATCH',
        `${checkpoint.file(key)}: tensor '${key}' is [${tensor.shape.join(', ')}], config.json says [${expected.join(', ')}]`,
        { hint: 'the weights and config.json belong to different models' },
      );
    }
    parameter.replace(dtype === 'auto' ? fitting : fitting.to(dtype));
  }
  const unexpected = checkpoint.keys.filter(key => !used.has(key) && !ignoredKeys?.test(key));
  return { missing, unexpected };
}

/** A model's parameters under the keys and in the layout of its family's checkpoints. */
export function* checkpointTensors(model: Model): Generator<[key: string, tensor: Tensor]> {
  const { prefix, keys } = model.family;
  for (const [path, parameter] of model.namedParameters()) {
    const { key, transpose } = keyOf(path, keys);
    const bare = model.task === 'backbone' && key.startsWith(prefix) ? key.slice(prefix.length) : key;
    yield [bare, transpose ? parameter.detach().t() : parameter.detach()];
  }
}
