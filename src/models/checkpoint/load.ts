/** Weights in and out: a checkpoint's tensors take the place of a model's parameters, and the other way round. */
import { UserError } from '../../support/errors.ts';
import { type DType, empty, type Tensor } from '../../torch/index.ts';
import type { Model } from '../model.ts';
import type { Checkpoint } from './files.ts';
import { matchCheckpoint, ownKeyOf, type Place } from './keys.ts';

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
  const { modelType, optionalKeys } = model.family;
  // All shapes are compared before any memory is taken: config.json may claim anything.
  const { found, missing, unexpected } = matchCheckpoint(model, checkpoint);
  requireEnough(found, missing, `${checkpoint.file(found[0].key)}: `, modelType);
  for (const { parameter } of missing) parameter.replace(empty(parameter.shape));
  // Parameters that wait for the checkpoint have no memory yet, so these alone are drawn.
  if (missing.length > 0) model.initialize(seed);
  if (dtype !== 'auto') for (const { parameter } of missing) parameter.replace(parameter.detach().to(dtype));
  for (const { parameter, key, transpose } of found) {
    const tensor = transpose ? checkpoint.tensor(key).t() : checkpoint.tensor(key);
    parameter.replace(dtype === 'auto' ? tensor : tensor.to(dtype));
  }
  return { missing: missing.map(({ key }) => key).filter(key => !optionalKeys?.test(key)), unexpected };
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
  const { savedTwice = [] } = model.family;
  for (const [path, parameter] of model.namedParameters()) {
    const { key, transpose } = ownKeyOf(path, model);
    const tensor = transpose ? parameter.detach().t() : parameter.detach();
    yield [key, tensor];
    const twice = savedTwice.find(([pattern]) => pattern.test(key));
    if (twice) yield [key.replace(...twice), tensor];
  }
}
