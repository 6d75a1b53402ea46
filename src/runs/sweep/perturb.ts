/** The values of a member that takes over another (Jaderberg et al. 2017): numbers a fifth larger or smaller, or drawn anew. */
import {
  contains,
  type Distribution,
  fromUnit,
  indexOf,
  type NumberDistribution,
} from '../../evaluate/search/distributions.ts';
import { isActive, type Space, type Values } from '../../evaluate/search/space.ts';
import { type Random, randomFor } from '../../support/random.ts';

const FACTORS = [0.8, 1.2];

export function perturbed(
  space: Space,
  values: Values,
  { seed, step, trial, resample }: { seed: number; step: number; trial: number; resample: number },
): Values {
  const random = randomFor(seed, step, trial);
  const changed: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(space)) {
    if (!isActive(parameter, changed)) continue;
    const { distribution } = parameter;
    const isNew = !(name in values) || random.next() < resample;
    changed[name] = isNew ? fromUnit(distribution, random.next()) : nearby(distribution, values[name], random);
  }
  return changed;
}

/** A choice beside it, or a number by a factor, within the range and on its grid. */
function nearby(distribution: Distribution, value: unknown, random: Random): unknown {
  const factor = FACTORS[random.below(2)];
  if (distribution.kind === 'choice') {
    const { choices } = distribution;
    const at = indexOf(distribution, value) + (factor < 1 ? -1 : 1);
    return choices[Math.min(choices.length - 1, Math.max(0, at))];
  }
  return within(distribution, (value as number) * factor);
}

function within(distribution: NumberDistribution, value: number): number {
  const { low, high, step } = distribution;
  const kept = Math.min(high, Math.max(low, value));
  if (step === undefined || contains(distribution, kept)) return kept;
  return Number((low + Math.round((kept - low) / step) * step).toPrecision(12));
}
