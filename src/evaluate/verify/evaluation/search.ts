/** Search spaces, decisions to stop trials, schedules of trials, and how good a search gets, beside Optuna. */
import { createRandom } from '../../../support/random.ts';
import {
  contains,
  type Distribution,
  distributionOf,
  fromUnit,
  gridOf,
  indexOf,
  isSingle,
} from '../../search/distributions.ts';
import { hyperbandBrackets, survivors } from '../../search/halving.ts';
import {
  type HalvingOptions,
  halvingPruner,
  hyperbandPruner,
  medianPruner,
  type PercentileOptions,
  type Pruner,
  patientPruner,
  percentilePruner,
  type ThresholdOptions,
  thresholdPruner,
} from '../../search/pruners.ts';
import { gridSampler, randomSampler, type Sampler, tpeSampler } from '../../search/samplers.ts';
import type { Space, Values } from '../../search/space.ts';
import { bestOf, type Direction, type Trial } from '../../search/trial.ts';
import { mean, meanError } from '../../statistics/means.ts';
import type { Check, Tolerance } from '../compare.ts';
import { camelKeys, check, equal, near, refused } from './checks.ts';

// biome-ignore lint/suspicious/noExplicitAny: a recording is read as it is
type Recorded = any;

const WITHIN: Tolerance = { atol: 1e-9, rtol: 1e-9 };

export const isSearch = (json: Recorded): boolean =>
  json?.hyperband_schedules !== undefined && json?.pruners !== undefined;

export function* verifySearch(json: Recorded): Generator<Check> {
  for (const entry of json.distributions) yield* distribution(entry);
  for (const [i, entry] of json.pruners.entries()) yield* decisions(entry, `${i} ${entry.pruner}`);
  for (const { max_resource: most, eta, brackets } of json.hyperband_schedules) {
    yield equal('hyperband', `${most} by ${eta}`, 'brackets', () => hyperbandBrackets(most, eta), brackets);
  }
  for (const [i, { values, eta, rungs }] of json.successive_halving_synchronous.entries()) {
    let alive: number[] = [...values.keys()];
    for (const { resource, alive: expected, order } of rungs) {
      const name = `${i}, ${resource} steps`;
      yield equal('halving', name, 'alive', () => [...alive].sort((a, b) => a - b), expected);
      const at = new Map(alive.map(trial => [trial, values[trial][resource - 1]]));
      yield equal('halving', name, 'order', () => survivors(at, 1, 'minimize'), order);
      alive = survivors(at, eta, 'minimize');
    }
  }
  for (const [i, { space, trials, set }] of json.grid.entries()) {
    const parameters = Object.entries(space).map(
      ([name, choices]) => [name, { distribution: { kind: 'choice', choices: choices as unknown[] } }] as const,
    );
    const all = (): string[] => {
      const sample = gridSampler(Object.fromEntries(parameters));
      return Array.from({ length: trials }, (_, n) => keyOf(sample(n, [])!)).sort();
    };
    yield equal('grid', String(i), 'values', all, set.map((one: string) => keyOf(JSON.parse(one))).sort());
    yield equal('grid', String(i), 'its end', () => gridSampler(Object.fromEntries(parameters))(trials, []), undefined);
  }
  if (json.benchmark) yield* benchmark(json.benchmark);
}

const keyOf = (values: Values): string => JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));

function* distribution(entry: Recorded): Generator<Check> {
  const { type, low, high, step, log, choices, valid } = entry;
  const given: Distribution =
    type === 'categorical'
      ? { kind: 'choice', choices }
      : { kind: type, low, high, ...(step !== undefined && { step }), ...(log && { log }) };
  const name = JSON.stringify(given);
  const section = 'distribution';
  if (!valid) {
    yield refused(section, name, () => distributionOf(given, 'x'));
    return;
  }
  const of = distributionOf(given, 'x');
  yield equal(section, name, 'single', () => isSingle(of), entry.single);
  if (of.kind === 'choice') {
    yield equal(section, name, 'numbers', () => choices.map((one: unknown) => [one, indexOf(of, one)]), entry.internal);
    return;
  }
  yield near(section, name, 'high', () => of.high, entry.effective_high, WITHIN);
  for (const [unit, value] of entry.from_unit) {
    yield near(section, name, `at ${unit}`, () => fromUnit(of, unit) as number, value, WITHIN);
  }
  const inside = (): boolean[] => entry.contains.map(([value]: [number]) => contains(of, value));
  yield equal(
    section,
    name,
    'contains',
    inside,
    entry.contains.map(([, is]: [number, boolean]) => is),
  );
  if (entry.grid) yield near(section, name, 'grid', () => gridOf(of) as number[], entry.grid, WITHIN);
}

/** `n_startup_trials` → `startupTrials`. */
const settingsOf = (settings: Recorded): Recorded =>
  camelKeys(Object.fromEntries(Object.entries(settings).map(([key, value]) => [key.replace(/^n_/, ''), value])));

function prunerOf(kind: string, settings: Recorded, direction: Direction): Pruner {
  const options = { ...settingsOf(settings), direction };
  switch (kind) {
    case 'median':
      return medianPruner(options as PercentileOptions);
    case 'percentile':
      return percentilePruner(settings.percentile, options as PercentileOptions);
    case 'successive_halving':
      return halvingPruner(options as HalvingOptions);
    case 'hyperband':
      return hyperbandPruner({ ...options, name: 's' });
    case 'threshold':
      return thresholdPruner(options as ThresholdOptions);
    default:
      return patientPruner(options);
  }
}

/** Trials one after another, each until it is stopped. */
function* decisions(
  { pruner: kind, settings, direction, steps, values, decisions }: Recorded,
  name: string,
): Generator<Check> {
  const prune = prunerOf(kind, settings, direction);
  const trials: Trial[] = [];
  for (const { trial: number, pruned_at: expected, bracket } of decisions) {
    const reports = new Map<number, number>();
    const trial: Trial = { number, values: {}, state: 'running', reports };
    trials.push(trial);
    let stopped: number | null = null;
    for (const [i, step] of steps.entries()) {
      const value = values[number][i];
      if (value === undefined) break;
      reports.set(step, value ?? Number.NaN);
      if (!prune(trial, trials)) continue;
      stopped = step;
      break;
    }
    trial.state = stopped === null ? 'complete' : 'pruned';
    trial.value = [...reports.values()].at(-1);
    yield equal('pruner', name, `trial ${number}`, () => stopped, expected);
    if (bracket !== undefined) {
      yield equal(
        'pruner',
        name,
        `bracket of ${number}`,
        () => hyperbandPruner({ ...settingsOf(settings), name: 's' } as never).bracketOf(number),
        bracket,
      );
    }
  }
}

interface Problem {
  space: Space;
  /** What the search is told, and what the point is worth. */
  value(values: Values, noise: () => number): { told: number; worth: number };
}

const float = (low: number, high: number, log = false): { distribution: Distribution } => ({
  distribution: distributionOf({ kind: 'float', low, high, log }, 'x'),
});

function problemsOf({ A, P, alpha }: Recorded): Record<string, Problem> {
  const plain = (worth: number) => ({ told: worth, worth });
  const axes = (n: number, low: number, high: number): Space =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`x${i}`, float(low, high)]));
  return {
    branin: {
      space: { x1: float(-5, 10), x2: float(0, 15) },
      value({ x1, x2 }) {
        const [x, y] = [x1 as number, x2 as number];
        const inner = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
        return plain(inner ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10);
      },
    },
    hartmann6: {
      space: axes(6, 0, 1),
      value(values) {
        const x = Array.from({ length: 6 }, (_, j) => values[`x${j}`] as number);
        const terms = alpha.map(
          (weight: number, i: number) =>
            weight * Math.exp(-x.reduce((sum, xj, j) => sum + A[i][j] * (xj - P[i][j]) ** 2, 0)),
        );
        return plain(-terms.reduce((a: number, b: number) => a + b, 0));
      },
    },
    conditional: {
      space: {
        kind: { distribution: { kind: 'choice', choices: ['a', 'b', 'c'] } },
        x: { ...float(-5, 5), when: { kind: ['a'] } },
        width: { distribution: { kind: 'int', low: 1, high: 64, log: true, step: 1 }, when: { kind: ['b'] } },
        lr: { ...float(1e-5, 1e-1, true), when: { kind: ['b'] } },
        s: { distribution: { kind: 'float', low: 0, high: 10, step: 0.5 }, when: { kind: ['c'] } },
        flag: { distribution: { kind: 'choice', choices: [true, false] }, when: { kind: ['c'] } },
      },
      value({ kind, x, width, lr, s, flag }) {
        if (kind === 'a') return plain(2 + ((x as number) - 1) ** 2 / 5);
        if (kind === 'c') return plain(0.1 + 0.3 * Math.abs((s as number) - 7) + (flag ? 0 : 1));
        return plain(0.5 + (Math.log10(lr as number) + 3) ** 2 + (Math.log2(width as number) - 4) ** 2 / 4);
      },
    },
    noisy_sphere5: {
      space: axes(5, -5, 5),
      value(values, noise) {
        const worth = Object.values(values).reduce<number>((sum, x) => sum + ((x as number) - 0.5) ** 2, 0);
        return { told: worth + 0.3 * noise(), worth };
      },
    },
  };
}

/** The expected score of the best of n trials. */
function searched(problem: Problem, sampler: Sampler, trials: number, seed: number): number {
  const random = createRandom(seed + 7919);
  const noise = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const done: Trial[] = [];
  const worths: number[] = [];
  for (let number = 0; number < trials; number++) {
    const values = sampler(number, done)!;
    const { told, worth } = problem.value(values, noise);
    done.push({ number, values, state: 'complete', value: told, reports: new Map() });
    worths.push(worth);
  }
  return worths[bestOf(done, 'minimize')!.number];
}

/** Means over seeds, no worse than Optuna's by more than two standard errors of the difference; plain draws within three either way. */
function* benchmark({ trials, seeds, functions, results }: Recorded): Generator<Check> {
  const problems = problemsOf(functions.hartmann6);
  for (const [name, problem] of Object.entries(problems)) {
    for (const kind of ['random', 'tpe', 'tpe_multivariate']) {
      const samplerOf = (seed: number): Sampler =>
        kind === 'random'
          ? randomSampler(problem.space, seed)
          : tpeSampler(problem.space, { seed, multivariate: kind === 'tpe_multivariate' });
      const recorded = results[name][kind];
      yield check('search', name, kind, () => {
        const found = Array.from({ length: seeds }, (_, seed) => searched(problem, samplerOf(seed), trials, seed));
        const own = mean(found);
        const error = recorded.best_sd / Math.sqrt(seeds);
        const gap = own - recorded.best_mean;
        const room = Math.hypot(error, meanError(found));
        // Both are means of few seeds: the standard error of their difference counts.
        const pass = kind === 'random' ? Math.abs(gap) <= 3 * room : gap <= 2 * room;
        return {
          pass,
          note: `${own.toFixed(4)} ± ${meanError(found).toFixed(4)}, Optuna ${recorded.best_mean.toFixed(4)} ± ${error.toFixed(4)}`,
        };
      });
    }
  }
}
