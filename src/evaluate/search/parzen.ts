/**
 * A Parzen estimator over some parameters (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"): a mixture with one
 * kernel for each observation and a wide one for what is not known. Its defaults are Optuna 5's: widths reach to the farther
 * neighbour and have a least size that shrinks with the number of observations, old observations count less.
 */
import type { Random } from '../../support/random.ts';
import { boundsOf, type Distribution, indexOf, type NumberDistribution, valueAt } from './distributions.ts';
import type { Values } from './space.ts';
import { logDensity, normalBetween, truncatedQuantile } from './truncated-normal.ts';

/** One parameter of all kernels. */
interface Kernels {
  sample(kernel: number, random: Random): unknown;
  /** ln of the density, or of the probability of a point of a grid. */
  logProb(kernel: number, value: unknown): number;
}

export interface Parzen {
  sample(random: Random): Values;
  logProb(values: Values): number;
}

/** Observations that count in full; earlier ones count less and less. */
const RECENT = 25;

/** @param observations in the order in which they were made, each with a value for every parameter */
export function parzenEstimator(
  observations: readonly Values[],
  space: Readonly<Record<string, Distribution>>,
): Parzen {
  const n = observations.length;
  const weights = n === 0 ? [1] : [...observations.map((_, i) => weightOf(i, n)), 1];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logWeights = weights.map(weight => Math.log(weight / total));
  const names = Object.keys(space);
  const kernels = names.map(name => {
    const observed = observations.map(values => values[name]);
    const distribution = space[name];
    return distribution.kind === 'choice'
      ? choiceKernels(
          observed.map(value => indexOf(distribution, value)),
          distribution.choices,
        )
      : numberKernels(observed as number[], distribution);
  });
  return {
    sample(random) {
      const kernel = pick(weights, random.next() * total);
      return Object.fromEntries(names.map((name, i) => [name, kernels[i].sample(kernel, random)]));
    },
    logProb(values) {
      const terms = logWeights.map((weight, kernel) =>
        names.reduce((sum, name, i) => sum + kernels[i].logProb(kernel, values[name]), weight),
      );
      const most = Math.max(...terms);
      return most === -Infinity ? most : most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0));
    },
  };
}

/** The number of the weight in whose stretch of the line `at` lies. */
function pick(weights: readonly number[], at: number): number {
  let end = 0;
  for (const [i, weight] of weights.entries()) {
    end += weight;
    if (at < end) return i;
  }
  return weights.length - 1;
}

/** From 1/n for the oldest up to 1. */
function weightOf(i: number, n: number): number {
  const old = n - RECENT;
  if (i >= old) return 1;
  return old === 1 ? 1 / n : 1 / n + (i / (old - 1)) * (1 - 1 / n);
}

function choiceKernels(observed: readonly number[], choices: readonly unknown[]): Kernels {
  const prior = observed.length === 0 ? 1 / choices.length : 1 / (observed.length + 1);
  const share = (kernel: number, choice: number): number => {
    const total = prior * choices.length + (kernel < observed.length ? 1 : 0);
    return (prior + (observed[kernel] === choice ? 1 : 0)) / total;
  };
  return {
    sample(kernel, random) {
      const shares = choices.map((_, choice) => share(kernel, choice));
      return choices[pick(shares, random.next())];
    },
    logProb: (kernel, value) => Math.log(share(kernel, indexOf({ kind: 'choice', choices }, value))),
  };
}

function numberKernels(observed: readonly number[], distribution: NumberDistribution): Kernels {
  const [low, high] = boundsOf(distribution);
  const { log, step } = distribution;
  const placeOf = (value: number): number => (log ? Math.log(value) : value);
  const places = observed.map(placeOf);
  const mus = [...places, (low + high) / 2];
  const sigmas = [...widths(places, low, high), high - low];
  const inside = mus.map((mu, i) => Math.log(normalBetween((low - mu) / sigmas[i], (high - mu) / sigmas[i])));
  return {
    sample(kernel, random) {
      const [mu, sigma] = [mus[kernel], sigmas[kernel]];
      return valueAt(
        distribution,
        mu + sigma * truncatedQuantile(random.next(), (low - mu) / sigma, (high - mu) / sigma),
      );
    },
    logProb(kernel, value) {
      const [mu, sigma] = [mus[kernel], sigmas[kernel]];
      const number = value as number;
      if (step === undefined) return logDensity((placeOf(number) - mu) / sigma) - Math.log(sigma) - inside[kernel];
      const edge = (of: number): number => (placeOf(of) - mu) / sigma;
      return Math.log(normalBetween(edge(number - step / 2), edge(number + step / 2))) - inside[kernel];
    },
  };
}

/** To the farther neighbour; at either end to the only one. */
function widths(places: readonly number[], low: number, high: number): number[] {
  const order = [...places.keys()].sort((a, b) => places[a] - places[b]);
  const range = high - low;
  const least = range / Math.min(100, places.length + 2);
  const found = new Array<number>(places.length);
  for (const [rank, i] of order.entries()) {
    const before = rank === 0 ? low : places[order[rank - 1]];
    const after = rank === order.length - 1 ? high : places[order[rank + 1]];
    const [left, right] = [places[i] - before, after - places[i]];
    const isEnd = order.length > 1 && (rank === 0 || rank === order.length - 1);
    const width = isEnd ? (rank === 0 ? right : left) : Math.max(left, right);
    found[i] = Math.min(range, Math.max(least, width));
  }
  return found;
}
