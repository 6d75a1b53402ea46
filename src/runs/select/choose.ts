/**
 * Which model to take: of those within the limits, the cheapest whose quality is within one standard error of the best (the rule of
 * Breiman et al. 1984 for trees).
 */
import { type Direction, paretoFront } from '../../evaluate/statistics/pareto.ts';
import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import type { Costs } from './costs.ts';
import type { Quality } from './quality.ts';

export interface Candidate {
  name: string;
  quality: Quality;
  costs: Costs;
}

export interface Limits {
  /** Bytes. */
  maxMemory?: number;
  maxDisk?: number;
  minTokensPerSecond?: number;
  /** Seconds. */
  maxFirstToken?: number;
}

/** How much each cost counts: doubling it counts so much. */
export interface Weights {
  time: number;
  firstToken: number;
  memory: number;
  disk: number;
}

export const DEFAULT_WEIGHTS: Weights = { time: 1, firstToken: 0, memory: 1, disk: 0 };

export interface Judged extends Candidate {
  /** What speaks against it; empty: it is within the limits. */
  excluded: string[];
  /** No other model within the limits is as good in everything and better in something. */
  isOnFront: boolean;
  /** Within one standard error of the best. */
  isNearBest: boolean;
  /** Doublings of costs over the least of each, weighted. Lower is cheaper. */
  cost: number;
}

export interface Choice {
  models: Judged[];
  /** Places in `models`. */
  best: number;
  chosen: number;
}

/** @throws UserError when no model is within the limits */
export function choose(
  candidates: readonly Candidate[],
  limits: Limits = {},
  weights: Weights = DEFAULT_WEIGHTS,
): Choice {
  const costs = costsOf(candidates, weights);
  const excluded = candidates.map(candidate => reasonsAgainst(candidate, limits));
  const open = [...candidates.keys()].filter(i => excluded[i].length === 0);
  if (open.length === 0) {
    throw new UserError(
      'TSLM_NONE_FITS',
      `no model is within the limits: ${candidates.map(({ name }, i) => `${name} ${excluded[i][0]}`).join('; ')}`,
      {
        hint: 'widen the limits, or add smaller models',
      },
    );
  }
  const worth = ({ quality: { value, higherIsBetter } }: Candidate): number => (higherIsBetter ? value : -value);
  const best = open.reduce((a, b) => (worth(candidates[b]) > worth(candidates[a]) ? b : a));
  const least = worth(candidates[best]) - candidates[best].quality.stderr;
  const near = open.filter(i => worth(candidates[i]) >= least);
  const chosen = near.reduce((a, b) =>
    costs[b] < costs[a] || (costs[b] === costs[a] && worth(candidates[b]) > worth(candidates[a])) ? b : a,
  );
  const directions: Direction[] = ['max', 'max', 'min', 'min'];
  const points = open.map(i => [
    worth(candidates[i]),
    candidates[i].costs.tokensPerSecond,
    candidates[i].costs.memory ?? 0,
    candidates[i].costs.disk ?? 0,
  ]);
  const front = new Set(paretoFront(points, directions).map(i => open[i]));
  const models = candidates.map((candidate, i) => ({
    ...candidate,
    excluded: excluded[i],
    isOnFront: front.has(i),
    isNearBest: near.includes(i),
    cost: costs[i],
  }));
  return { models, best, chosen };
}

/** Logarithms to the base 2 over the least; what is not known costs nothing, since it is paid elsewhere. */
function costsOf(candidates: readonly Candidate[], weights: Weights): number[] {
  const all: [weight: number, values: (number | null)[]][] = [
    [weights.time, candidates.map(({ costs }) => 1 / costs.tokensPerSecond)],
    [weights.firstToken, candidates.map(({ costs }) => costs.firstToken)],
    [weights.memory, candidates.map(({ costs }) => costs.memory)],
    [weights.disk, candidates.map(({ costs }) => costs.disk)],
  ];
  return candidates.map((_, i) =>
    all.reduce((sum, [weight, values]) => {
      const least = Math.min(...values.flatMap(value => (value === null ? [] : [value])));
      const own = values[i];
      return weight === 0 || own === null || !(least > 0) ? sum : sum + weight * Math.log2(own / least);
    }, 0),
  );
}

function reasonsAgainst(
  { costs }: Candidate,
  { maxMemory, maxDisk, minTokensPerSecond, maxFirstToken }: Limits,
): string[] {
  const reasons: string[] = [];
  const refuse = (
    limit: number | undefined,
    value: number | null,
    what: string,
    text: (value: number) => string,
  ): void => {
    if (limit === undefined) return;
    if (value === null) reasons.push(`does not tell its ${what}`);
    else if (value > limit) reasons.push(`needs ${text(value)}, ${text(limit)} are allowed`);
  };
  refuse(maxMemory, costs.memory, 'memory', value => `${formatBytes(value)} of memory`);
  refuse(maxDisk, costs.disk, 'size on disk', value => `${formatBytes(value)} on disk`);
  refuse(
    maxFirstToken,
    costs.firstToken,
    'time to the first token',
    value => `${value.toFixed(2)} s to the first token`,
  );
  if (minTokensPerSecond !== undefined && costs.tokensPerSecond < minTokensPerSecond) {
    reasons.push(`does ${costs.tokensPerSecond.toFixed(1)} tokens/s, ${minTokensPerSecond} are asked for`);
  }
  return reasons;
}

/** Why it is that model, in a sentence or two. */
export function reasonFor({ models, best, chosen }: Choice, unit: (value: number) => string): string {
  const [top, taken] = [models[best], models[chosen]];
  const within = models.filter(({ excluded }) => excluded.length === 0).length;
  const limits = within < models.length ? ` of the ${within} within the limits` : '';
  if (best === chosen) {
    const near = models.filter(({ isNearBest }) => isNearBest).length;
    const also =
      near === 1
        ? 'no other comes within one standard error of it'
        : `the cheapest of the ${near} within one standard error`;
    return `${taken.name} is the best${limits} (${unit(taken.quality.value)} ± ${unit(taken.quality.stderr)}), and ${also}.`;
  }
  const gap = Math.abs(top.quality.value - taken.quality.value);
  const speed = taken.costs.tokensPerSecond / top.costs.tokensPerSecond;
  const memory =
    taken.costs.memory !== null && top.costs.memory
      ? `, ${ratio(taken.costs.memory / top.costs.memory)} the memory`
      : '';
  return `${taken.name} is the cheapest${limits} within one standard error of the best: ${unit(gap)} behind ${top.name} (whose standard error is ${unit(top.quality.stderr)}), at ${ratio(speed)} the speed${memory}.`;
}

const ratio = (value: number): string => `${value >= 10 ? value.toFixed(0) : value.toPrecision(2)} ×`;
