/** Between checkpoints and networks: which key belongs to which parameter, loading and saving. */

import type { Parameter } from '../nn/index.ts';
import { UserError } from '../support/errors.ts';
import { type DType, empty, type Tensor } from '../torch/index.ts';
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

const rulesOf = ({ family: { keys }, config, task }: Model): readonly KeyRule[] =>
  typeof keys === 'function' ? keys(config, task) : keys;

/** The key of a module path in a checkpoint of this model's own class: that of the bare model leaves the prefix out. */
export function ownKeyOf(path: string, model: Model): MappedKey {
  const { family, task } = model;
  const { prefix, bareTasks = ['backbone'], otherPrefixes } = family;
  const { key, transpose } = keyOf(path, rulesOf(model));
  const own = otherPrefixes?.[task] ?? (bareTasks.includes(task) ? '' : prefix);
  return { key: key.startsWith(prefix) ? own + key.slice(prefix.length) : key, transpose };
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
  const { family } = model;
  const { prefix, ignoredKeys, optionalKeys, olderKeys = [] } = family;
  const rules = rulesOf(model);
  const present = new Set(checkpoint.keys);
  // The bare model's keys have no prefix, whichever class saved it.
  const isBare = prefix !== '' && !checkpoint.keys.some(key => key.startsWith(prefix));
  const stored = (key: string): string => (isBare && key.startsWith(prefix) ? key.slice(prefix.length) : key);
  const placeOf = (key: string): string | undefined => {
    const older = olderKeys
      .filter(([pattern]) => pattern.test(key))
      .map(([pattern, name]) => key.replace(pattern, name));
    return [key, ...older].map(stored).find(name => present.has(name));
  };
  const found: { parameter: Parameter; key: string; transpose: boolean }[] = [];
  const missing: { parameter: Parameter; key: string }[] = [];
  for (const [path, parameter] of model.namedParameters()) {
    const { key, transpose } = keyOf(path, rules);
    const place = placeOf(key);
    if (place !== undefined) found.push({ parameter, key: place, transpose });
    else missing.push({ parameter, key: ownKeyOf(path, model).key });
  }
  if (found.length === 0) {
    throw new UserError('TSLM_MISSING_WEIGHTS', `${checkpoint.file(checkpoint.keys[0])}: none of the model's weights`, {
      hint: `config.json says ${family.modelType}; the first key here is '${checkpoint.keys[0]}'`,
    });
  }
  // All shapes are compared before any memory is taken: config.json may claim anything.
  for (const { parameter, key, transpose } of found) requireShape(checkpoint, key, parameter, transpose);
  requireEnough(found, missing, `${checkpoint.file(found[0].key)}: `, family.modelType);
  for (const { parameter } of missing) parameter.replace(empty(parameter.shape));
  // Parameters that wait for the checkpoint have no memory yet, so these alone are drawn.
  if (missing.length > 0) model.initialize(seed);
  if (dtype !== 'auto') for (const { parameter } of missing) parameter.replace(parameter.detach().to(dtype));
  for (const { parameter, key, transpose } of found) {
    const tensor = transpose ? checkpoint.tensor(key).t() : checkpoint.tensor(key);
    parameter.replace(dtype === 'auto' ? tensor : tensor.to(dtype));
  }
  const used = new Set(found.map(({ key }) => key));
  const tied = new Set(model.head?.tiedPaths.map(path => keyOf(`head.${path}`, rules).key));
  const unexpected = checkpoint.keys.filter(key => !used.has(key) && !tied.has(key) && !ignoredKeys?.test(key));
  return { missing: missing.map(({ key }) => key).filter(key => !optionalKeys?.test(key)), unexpected };
}

function requireShape(checkpoint: Checkpoint, key: string, { shape }: Parameter, transpose: boolean): void {
  const expected = transpose ? [...shape].reverse() : shape;
  const actual = checkpoint.entry(key).shape;
  if (actual.join() === expected.join()) return;
  throw new UserError(
    'TSLM_SHAPE_MISMATCH',
    `${checkpoint.file(key)}: tensor '${key}' is [${actual.join(', ')}], config.json says [${expected.join(', ')}]`,
    { hint: 'the weights and config.json belong to different models' },
  );
}

interface Place {
  parameter: Parameter;
  key: string;
}

/** What may be drawn afresh beside a small checkpoint, in elements. */
const FRESH = 10_000_000;

/** A new head or a few layers may be missing; more than there is means another config.json, and could be any amount. */
function requireEnough(found: readonly Place[], missing: readonly Place[], where: string, modelType: string): void {
  const numel = (places: readonly Place[]): number => places.reduce((sum, { parameter }) => sum + parameter.numel, 0);
  if (numel(missing) <= Math.max(FRESH, 4 * numel(found))) return;
  throw new UserError('TSLM_MISSING_WEIGHTS', `${where}most of the weights are missing, '${missing[0].key}' first`, {
    hint: `config.json describes a much larger ${modelType} than the one that was stored`,
  });
}

/** A model's parameters under the keys and in the layout of its family's checkpoints. */
export function* checkpointTensors(model: Model): Generator<[key: string, tensor: Tensor]> {
  for (const [path, parameter] of model.namedParameters()) {
    const { key, transpose } = ownKeyOf(path, model);
    yield [key, transpose ? parameter.detach().t() : parameter.detach()];
  }
}
