/** Which key of a checkpoint belongs to which parameter of a model, under its family's rules. */
import type { Parameter } from '../../nn/index.ts';
import { UserError } from '../../support/errors.ts';
import type { KeyRule } from '../family.ts';
import type { Model } from '../model.ts';
import type { Checkpoint } from './files.ts';

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
    return { key: key + rest, transpose: change === 'transpose' && path.endsWith('weight') };
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

/** A parameter and the key that a checkpoint has for it, or should have. */
export interface Place {
  parameter: Parameter;
  key: string;
  transpose: boolean;
}

export interface CheckpointMatch {
  found: Place[];
  missing: Place[];
  /** Keys in the checkpoint that the model has no place for. */
  unexpected: string[];
}

/**
 * Compares a model with a checkpoint, without touching any data.
 *
 * @throws UserError when shapes differ, or the checkpoint holds nothing of the model
 */
export function matchCheckpoint(model: Model, checkpoint: Checkpoint): CheckpointMatch {
  const { prefix, ignoredKeys, modelType, olderKeys = [] } = model.family;
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
  const found: Place[] = [];
  const missing: Place[] = [];
  for (const [path, parameter] of model.namedParameters()) {
    const { key, transpose } = keyOf(path, rules);
    const place = placeOf(key);
    if (place !== undefined) found.push({ parameter, key: place, transpose });
    else missing.push({ parameter, key: ownKeyOf(path, model).key, transpose });
  }
  if (found.length === 0) {
    throw new UserError('TSLM_MISSING_WEIGHTS', `${checkpoint.file(checkpoint.keys[0])}: none of the model's weights`, {
      hint: `config.json says ${modelType}; the first key here is '${checkpoint.keys[0]}'`,
    });
  }
  for (const place of found) requireShape(checkpoint, place);
  const used = new Set(found.map(({ key }) => key));
  const tied = new Set(model.head?.tiedPaths.map(path => keyOf(`head.${path}`, rules).key));
  const unexpected = checkpoint.keys.filter(key => !used.has(key) && !tied.has(key) && !ignoredKeys?.test(key));
  return { found, missing, unexpected };
}

function requireShape(checkpoint: Checkpoint, { key, parameter: { shape }, transpose }: Place): void {
  const expected = transpose ? [...shape].reverse() : shape;
  const actual = checkpoint.entry(key).shape;
  if (actual.join() === expected.join()) return;
  throw new UserError(
    'TSLM_SHAPE_MISMATCH',
    `${checkpoint.file(key)}: tensor '${key}' is [${actual.join(', ')}], config.json says [${expected.join(', ')}]`,
    { hint: 'the weights and config.json belong to different models' },
  );
}
