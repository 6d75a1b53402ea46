/**
 * Which trial does what next. Pruners stop a trial for good. Successive halving (ASHA, Li et al. 2020; Hyperband, Li et al. 2018) stops
 * trials at rungs and lets the best go on from where they stand; population-based training (Jaderberg et al. 2017) lets the worst
 * take over the weights of the best.
 */
import { hyperbandBrackets, type Rung, survivors } from '../../evaluate/search/halving.ts';
import { medianPruner, type Pruner, percentilePruner } from '../../evaluate/search/pruners.ts';
import { betterFirst, type Direction } from '../../evaluate/search/trial.ts';
import { usageError } from '../../support/errors.ts';
import type { SweepOptions } from './sweep-schema.ts';
import type { TrialState } from './trial-log.ts';

/** What a worker that is free is to do. */
export type Job =
  | { kind: 'start'; until?: number; bracket?: number }
  | { kind: 'continue'; trial: number; until?: number }
  /** All members stand still: those that lag behind take over others. */
  | { kind: 'exploit'; step: number; ranked: number[] };

export interface Scheduler {
  /**
   * Undefined: nothing can be done before a running trial ends, or ever.
   *
   * @param busy trials that run
   * @param generations steps after which members have taken over others
   */
  next(trials: readonly TrialState[], busy: ReadonlySet<number>, generations: ReadonlySet<number>): Job | undefined;
  /** After a report. */
  decide(trial: TrialState, trials: readonly TrialState[]): 'go on' | 'pause' | 'prune';
  /** Steps at which trials are stopped: evaluations are to fall on them. */
  readonly stops: readonly number[];
}

/** @param steps of a whole trial */
export function schedulerOf(
  options: SweepOptions['scheduler'],
  trials: number,
  steps: number,
  direction: Direction,
): Scheduler {
  switch (options.name) {
    case 'asha':
      return asha(rungsOf(options.minSteps, options.factor, steps), options.factor, trials, direction);
    case 'hyperband':
      return hyperband(options.minSteps, options.factor, steps, direction);
    case 'pbt':
      return population(options.interval, steps, trials, direction);
    case 'median':
      return pruned(trials, medianPruner({ ...options, direction }));
    case 'percentile':
      return pruned(trials, percentilePruner(options.percentile, { ...options, direction }));
    default:
      return pruned(trials, () => false);
  }
}

const notBegun = (trials: readonly TrialState[], most: number): Job | undefined =>
  trials.length < most ? { kind: 'start' } : undefined;

/** Trials that an interruption left. Those that stood still are somebody else's matter. */
function left(trials: readonly TrialState[], busy: ReadonlySet<number>): TrialState | undefined {
  return trials.find(
    ({ number, state, pausedAt }) => state === 'running' && pausedAt === undefined && !busy.has(number),
  );
}

function pruned(most: number, prune: Pruner): Scheduler {
  return {
    stops: [],
    next(trials, busy) {
      const interrupted = left(trials, busy);
      return interrupted ? { kind: 'continue', trial: interrupted.number } : notBegun(trials, most);
    },
    decide: (trial, trials) => (prune(trial, trials) ? 'prune' : 'go on'),
  };
}

function rungsOf(minSteps: number, factor: number, steps: number): number[] {
  if (minSteps >= steps) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `'scheduler.minSteps' is ${minSteps}, and a trial has ${steps} steps`,
      'give fewer',
    );
  }
  const rungs: number[] = [];
  for (let step = minSteps; step < steps; step *= factor) rungs.push(Math.round(step));
  return rungs;
}

/** What trials were worth at a step that they stopped at; what failed is worst. */
const valuesAt = (trials: readonly TrialState[], step: number): Map<number, number> =>
  new Map(
    trials.flatMap(({ number, state, reports }) =>
      reports.has(step)
        ? [[number, reports.get(step)!] as const]
        : state === 'failed'
          ? [[number, Number.NaN] as const]
          : [],
    ),
  );

function asha(rungs: readonly number[], factor: number, most: number, direction: Direction): Scheduler {
  /** The rung that a trial is on its way to: after the last at which it was measured. */
  const aim = ({ reports }: TrialState): number | undefined => rungs.find(step => !reports.has(step));
  const hasLeft = ({ state, pausedAt }: TrialState, step: number): boolean => state !== 'running' || pausedAt !== step;
  return {
    stops: rungs,
    next(trials, busy) {
      const interrupted = left(trials, busy);
      if (interrupted) return { kind: 'continue', trial: interrupted.number, until: aim(interrupted) };
      for (const [i, step] of [...rungs.entries()].reverse()) {
        const values = valuesAt(trials, step);
        const going = values.size < factor ? [] : survivors(values, factor, direction);
        const trial = going.find(number => !hasLeft(trials[number], step) && !busy.has(number));
        if (trial !== undefined) return { kind: 'continue', trial, until: rungs[i + 1] };
      }
      const fresh = notBegun(trials, most);
      if (fresh) return { kind: 'start', until: rungs[0] };
      if (busy.size > 0 || trials.some(({ state }) => state === 'complete')) return undefined;
      // Nobody got to the end: the best of those that got furthest does.
      for (const step of [...rungs].reverse()) {
        const waiting = trials.filter(({ state, pausedAt }) => state === 'running' && pausedAt === step);
        if (waiting.length > 0) {
          const [trial] = survivors(valuesAt(waiting, step), waiting.length, direction);
          return { kind: 'continue', trial };
        }
      }
      return undefined;
    },
    decide: ({ reports }) => (rungs.includes(Math.max(...reports.keys())) ? 'pause' : 'go on'),
  };
}

function hyperband(minSteps: number, eta: number, steps: number, direction: Direction): Scheduler {
  const brackets = hyperbandBrackets(Math.max(1, Math.round(steps / minSteps)), eta).map(({ rungs }) =>
    rungs.map(
      ({ configs, resource }): Rung => ({
        configs,
        resource: Math.round(resource * (steps / Math.round(steps / minSteps))),
      }),
    ),
  );
  const stops = [...new Set(brackets.flatMap(rungs => rungs.map(({ resource }) => resource)))].filter(
    step => step < steps,
  );
  const untilOf = ({ resource }: Rung): number | undefined => (resource >= steps ? undefined : resource);
  return {
    stops,
    next(trials, busy) {
      for (const [bracket, rungs] of brackets.entries()) {
        let alive = trials.filter(trial => trial.bracket === bracket);
        for (const [k, rung] of rungs.entries()) {
          if (k === 0 && alive.length < rung.configs) {
            const interrupted = left(alive, busy);
            if (interrupted) return { kind: 'continue', trial: interrupted.number, until: untilOf(rung) };
            return { kind: 'start', until: untilOf(rung), bracket };
          }
          const isThrough = ({ state, reports }: TrialState): boolean =>
            state !== 'running' || (rung.resource < steps && reports.has(rung.resource));
          const open = alive.filter(trial => !isThrough(trial));
          const idle = open.find(({ number }) => !busy.has(number));
          if (idle) return { kind: 'continue', trial: idle.number, until: untilOf(rung) };
          if (open.length > 0) return undefined;
          if (rungs[k + 1] === undefined) break;
          const going = survivors(valuesAt(alive, rung.resource), eta, direction).slice(0, rungs[k + 1].configs);
          alive = alive.filter(({ number, state }) => going.includes(number) && state !== 'failed');
        }
      }
      return undefined;
    },
    decide({ reports, bracket }) {
      const step = Math.max(...reports.keys());
      return step < steps && brackets[bracket ?? 0].some(({ resource }) => resource === step) ? 'pause' : 'go on';
    },
  };
}

function population(interval: number, steps: number, members: number, direction: Direction): Scheduler {
  const stops = Array.from({ length: Math.ceil(steps / interval) - 1 }, (_, i) => (i + 1) * interval);
  const order = betterFirst(direction);
  return {
    stops,
    next(trials, busy, generations) {
      if (trials.length < members) {
        const interrupted = left(trials, busy);
        return interrupted
          ? { kind: 'continue', trial: interrupted.number, until: stops[0] }
          : { kind: 'start', until: stops[0] };
      }
      const running = trials.filter(({ state }) => state === 'running');
      for (const until of [...stops, undefined]) {
        if (until !== undefined && generations.has(until)) continue;
        const behind = running.filter(({ reports }) => until === undefined || !reports.has(until));
        const idle = behind.find(({ number }) => !busy.has(number));
        if (idle) return { kind: 'continue', trial: idle.number, until };
        // Who has told what it is worth may still be writing it down.
        if (until === undefined || running.some(({ number }) => busy.has(number))) return undefined;
        const at = (trial: TrialState): number => trial.reports.get(until)!;
        const ranked = [...running].sort((a, b) => order(at(a), at(b)) || a.number - b.number);
        return { kind: 'exploit', step: until, ranked: ranked.map(({ number }) => number) };
      }
      return undefined;
    },
    decide: ({ reports }) => (stops.includes(Math.max(...reports.keys())) ? 'pause' : 'go on'),
  };
}
