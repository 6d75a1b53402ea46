/**
 * Whether a trial is stopped after what it has just reported, from what earlier ones reported: median and percentile, bounds,
 * patience, successive halving and Hyperband in the form that never waits (Li et al. 2018 and 2020). Rules and defaults are Optuna 5's.
 */
import { crc32 } from 'node:zlib';
import { betterFirst, type Direction, type Trial } from './trial.ts';

/** @param trial has reported its latest value already */
export type Pruner = (trial: Trial, trials: readonly Trial[]) => boolean;

export interface PercentileOptions {
  direction?: Direction;
  /** Trials that are complete before any is stopped. Default 5. */
  startupTrials?: number;
  /** Steps before which none is stopped. Default 0. */
  warmupSteps?: number;
  /** Steps between two decisions. Default 1. */
  intervalSteps?: number;
  /** Trials that have reported at a step before one is stopped there. Default 1. */
  minTrials?: number;
}

export const medianPruner = (options: PercentileOptions = {}): Pruner => percentilePruner(50, options);

/** Stops what is not among the best `percentile` of 100 at its step. */
export function percentilePruner(
  percentile: number,
  {
    direction = 'minimize',
    startupTrials = 5,
    warmupSteps = 0,
    intervalSteps = 1,
    minTrials = 1,
  }: PercentileOptions = {},
): Pruner {
  const order = betterFirst(direction);
  return (trial, trials) => {
    const complete = trials.filter(({ state }) => state === 'complete');
    const step = lastStep(trial);
    if (complete.length < Math.max(1, startupTrials) || step < warmupSteps) return false;
    if (!isFirstSince(trial, step, Math.floor((step - warmupSteps) / intervalSteps) * intervalSteps + warmupSteps))
      return false;
    const own = [...trial.reports.values()].sort(order)[0];
    if (Number.isNaN(own)) return true;
    const at = complete.flatMap(({ reports }) => (reports.has(step) ? [reports.get(step)!] : []));
    const others = at.filter(value => !Number.isNaN(value)).sort((a, b) => a - b);
    if (at.length < minTrials || others.length === 0) return false;
    const bound = quantile(others, (direction === 'minimize' ? percentile : 100 - percentile) / 100);
    return order(own, bound) > 0;
  };
}

/** Whether nothing was reported since a decision was due. */
const isFirstSince = ({ reports }: Trial, step: number, due: number): boolean =>
  Math.max(-1, ...[...reports.keys()].filter(other => other !== step)) < due;

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below] + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
}

const lastStep = ({ reports }: Trial): number => Math.max(...reports.keys());

export interface ThresholdOptions {
  lower?: number;
  upper?: number;
  warmupSteps?: number;
  intervalSteps?: number;
}

/** Stops what leaves the bounds, or is no number. */
export function thresholdPruner({
  lower = -Infinity,
  upper = Infinity,
  warmupSteps = 0,
  intervalSteps = 1,
}: ThresholdOptions): Pruner {
  return trial => {
    const step = lastStep(trial);
    if (step < warmupSteps) return false;
    if (!isFirstSince(trial, step, Math.floor((step - warmupSteps) / intervalSteps) * intervalSteps + warmupSteps))
      return false;
    const value = trial.reports.get(step)!;
    return Number.isNaN(value) || value < lower || value > upper;
  };
}

/** Stops what has not become better by `minDelta` in the last `patience` reports and the one before these. */
export function patientPruner({
  patience,
  minDelta = 0,
  direction = 'minimize',
}: {
  patience: number;
  minDelta?: number;
  direction?: Direction;
}): Pruner {
  return ({ reports }) => {
    const values = [...reports]
      .sort(([a], [b]) => a - b)
      .map(([, value]) => (direction === 'minimize' ? value : -value));
    if (values.length <= patience + 1) return false;
    const least = (of: readonly number[]): number => Math.min(...of.filter(value => !Number.isNaN(value)));
    return least(values.slice(0, -patience - 1)) + minDelta < least(values.slice(-patience - 1));
  };
}

export interface HalvingOptions {
  direction?: Direction;
  /** Steps of the first rung; `auto`: a hundredth of what the first complete trial did. Default `auto`. */
  minResource?: number | 'auto';
  /** Default 4. */
  reductionFactor?: number;
  minEarlyStoppingRate?: number;
  /** Trials that a rung is to have before one goes on. Default 0. */
  bootstrapCount?: number;
}

/** Rung k is at step minResource · reductionFactor^(minEarlyStoppingRate + k). A trial goes on if it is among the best of its rung so far. */
export function halvingPruner({
  direction = 'minimize',
  minResource = 'auto',
  reductionFactor = 4,
  minEarlyStoppingRate = 0,
  bootstrapCount = 0,
}: HalvingOptions = {}): Pruner {
  const order = betterFirst(direction);
  return (trial, all) => {
    const known =
      minResource === 'auto' ? all.find(({ state, reports }) => state === 'complete' && reports.size > 0) : undefined;
    if (minResource === 'auto' && !known) return false;
    // Trials before the first rung was known have not passed it.
    const trials = known ? all.filter(({ number }) => number > known.number) : all;
    const first = known ? Math.max(1, Math.floor(lastStep(known) / 100)) : (minResource as number);
    const stepOf = (rung: number): number => first * reductionFactor ** (minEarlyStoppingRate + rung);
    const step = lastStep(trial);
    // What each trial had when it reached a rung; a report may climb several at once.
    for (let rung = 0; stepOf(rung) <= step; rung++) {
      if (reached(trial, stepOf(rung)) !== step) continue;
      const own = trial.reports.get(step)!;
      if (Number.isNaN(own)) return true;
      // Those that got to a rung before they were stopped at an earlier one are none of its.
      const others = trials.flatMap(other => {
        const at = other.number === trial.number ? undefined : reached(other, stepOf(rung));
        return at === undefined ? [] : [other.reports.get(at)!];
      });
      const values = [...others, own];
      if (values.length <= bootstrapCount) return true;
      const best = [...values].sort(order).slice(0, Math.max(1, Math.floor(values.length / reductionFactor)));
      if (order(own, best.at(-1)!) > 0) return true;
    }
    return false;
  };
}

/** The first step of a trial's reports that is at or beyond `step`. */
function reached({ reports }: Trial, step: number): number | undefined {
  const steps = [...reports.keys()].filter(own => own >= step);
  return steps.length === 0 ? undefined : Math.min(...steps);
}

export interface HyperbandOptions {
  direction?: Direction;
  minResource?: number;
  maxResource: number;
  /** Default 3. */
  reductionFactor?: number;
  /** Decides, with a trial's number, which bracket it is in. */
  name?: string;
}

/** Successive halving that begins late for some trials and early for others. */
export function hyperbandPruner({
  direction = 'minimize',
  minResource = 1,
  maxResource,
  reductionFactor = 3,
  name = '',
}: HyperbandOptions): Pruner & { bracketOf(trial: number): number } {
  const brackets = floorLog(maxResource / minResource, reductionFactor) + 1;
  const budgets = Array.from({ length: brackets }, (_, bracket) => {
    const s = brackets - 1 - bracket;
    return Math.ceil((brackets * reductionFactor ** s) / (s + 1));
  });
  const total = budgets.reduce((sum, budget) => sum + budget, 0);
  const bracketOf = (trial: number): number => {
    const n = crc32(`${name}_${trial}`) % total;
    return budgets.findIndex((_, i) => n < budgets.slice(0, i + 1).reduce((sum, budget) => sum + budget, 0));
  };
  const pruners = budgets.map((_, bracket) =>
    halvingPruner({ direction, minResource, reductionFactor, minEarlyStoppingRate: bracket }),
  );
  const prune: Pruner = (trial, trials) => {
    const bracket = bracketOf(trial.number);
    const own = trials.filter(other => bracketOf(other.number) === bracket);
    return pruners[bracket](trial, own);
  };
  return Object.assign(prune, { bracketOf });
}

/** ⌊log_base(value)⌋, exact for powers. */
export const floorLog = (value: number, base: number): number => Math.floor(Math.log(value) / Math.log(base) + 1e-9);
