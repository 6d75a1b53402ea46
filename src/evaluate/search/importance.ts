/**
 * How much each parameter has to do with being among the best: PED-ANOVA (Watanabe, Bansal & Hutter 2023, arXiv:2304.10255), the
 * Pearson divergence of where the best trials are from where all are, parameter by parameter.
 */
import { boundsOf, type Distribution, indexOf, isSingle, type NumberDistribution } from './distributions.ts';
import type { Space } from './space.ts';
import { betterFirst, type Direction, type Trial } from './trial.ts';

/** Places of a number's range that are compared. */
const PLACES = 50;

/**
 * Shares that sum to 1, the largest first; of parameters with one value, or in fewer than four complete trials, 0.
 *
 * @param options.best share of the trials that are the best. Default 0.1, at least two trials
 */
export function importances(
  space: Space,
  trials: readonly Trial[],
  { direction = 'minimize', best = 0.1 }: { direction?: Direction; best?: number } = {},
): { name: string; importance: number }[] {
  const order = betterFirst(direction);
  const complete = trials.filter(({ state, value }) => state === 'complete' && !Number.isNaN(value));
  const found = Object.entries(space).map(([name, { distribution }]) => {
    // A parameter that does not always exist is judged among the trials that have it.
    const having = complete.filter(({ values }) => name in values).sort((a, b) => order(a.value!, b.value!));
    if (having.length < 4 || isSingle(distribution)) return { name, importance: 0 };
    const top = having.slice(0, Math.max(2, Math.ceil(best * having.length)));
    const density = (of: readonly Trial[]): number[] =>
      densityOf(
        of.map(({ values }) => values[name]),
        distribution,
      );
    const [ofBest, ofAll] = [density(top), density(having)];
    const divergence = ofAll.reduce((sum, p, i) => sum + p * (ofBest[i] / p - 1) ** 2, 0);
    return { name, importance: divergence };
  });
  const total = found.reduce((sum, { importance }) => sum + importance, 0);
  return found
    .map(({ name, importance }) => ({ name, importance: total > 0 ? importance / total : 0 }))
    .sort((a, b) => b.importance - a.importance);
}

/** Probabilities of the choices, or of stretches of a range: kernels of Scott's width, and a little everywhere. */
function densityOf(values: readonly unknown[], distribution: Distribution): number[] {
  if (distribution.kind === 'choice') {
    const { choices } = distribution;
    return normalized(
      choices.map((_, i) => values.filter(value => indexOf(distribution, value) === i).length + 1 / choices.length),
    );
  }
  const [low, high] = boundsOf(distribution);
  const places = (values as number[]).map(value => (placeOf(value, distribution) - low) / (high - low));
  const middle = places.reduce((sum, place) => sum + place, 0) / places.length;
  const deviation = Math.sqrt(places.reduce((sum, place) => sum + (place - middle) ** 2, 0) / places.length);
  const width = Math.max(1 / PLACES, 1.06 * deviation * places.length ** -0.2);
  const at = Array.from({ length: PLACES }, (_, i) => (i + 0.5) / PLACES);
  const sums = at.map(x => places.reduce((sum, place) => sum + Math.exp(-0.5 * ((x - place) / width) ** 2), 0));
  const total = sums.reduce((sum, value) => sum + value, 0);
  return normalized(sums.map(value => value / total + 1 / (PLACES * (places.length + 1))));
}

const placeOf = (value: number, { log }: NumberDistribution): number => (log ? Math.log(value) : value);

function normalized(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map(weight => weight / total);
}
