/** Parameters that training leaves as they are: they have no gradient and no optimizer's state. */
import { usageError } from '../support/errors.ts';
import { matchParameters } from './parameter-names.ts';
import type { Trainable } from './trainable.ts';

/**
 * @param patterns as `parameter-names.ts` has them
 * @throws UserError for a pattern that matches nothing, and when nothing is left to train
 */
export function freeze(trainable: Trainable, patterns: readonly string[]): void {
  const named = trainable.namedParameters();
  const frozen = matchParameters(named, patterns, { keyOf: trainable.keyOf, where: 'train.freeze' });
  if (frozen.size === named.length) {
    throw usageError('TSLM_NOTHING_TO_TRAIN', "'train.freeze': every parameter is frozen", 'leave some to train');
  }
  for (const [name, parameter] of named) if (frozen.has(name)) parameter.requiresGrad = false;
}
