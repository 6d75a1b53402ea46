/** Which trial does what, played through without any training. */
import { describe, expect, it } from 'vitest';
import { type Scheduler, schedulerOf } from '../../../src/runs/sweep/schedulers.ts';
import type { SweepOptions } from '../../../src/runs/sweep/sweep-schema.ts';
import type { TrialState } from '../../../src/runs/sweep/trial-log.ts';

const STEPS = 16;

/** Trials with evaluations at every second step; one after another, or several side by side. */
function play(
  scheduler: Scheduler,
  worthOf: (trial: number, step: number) => number,
  { parallel = 1, fails = [] as number[] } = {},
) {
  const trials: TrialState[] = [];
  const generations = new Set<number>();
  const done = new Map<number, number>();
  const ranks: number[][] = [];
  const busy = new Set<number>();
  let stretches = 0;
  for (;;) {
    while (busy.size < parallel) {
      const job = scheduler.next(trials, busy, generations);
      if (job === undefined) break;
      if (job.kind === 'exploit') {
        ranks.push(job.ranked);
        generations.add(job.step);
        continue;
      }
      const number = job.kind === 'start' ? trials.length : job.trial;
      if (job.kind === 'start') {
        trials.push({
          number,
          values: {},
          state: 'running',
          reports: new Map(),
          before: [],
          ...(job.bracket !== undefined && { bracket: job.bracket }),
        });
      }
      busy.add(number);
      stretches++;
    }
    if (busy.size === 0) return { trials, done, ranks, stretches };
    const [number] = busy;
    busy.delete(number);
    const trial = trials[number];
    trial.pausedAt = undefined;
    if (fails.includes(number)) {
      trial.state = 'failed';
      continue;
    }
    for (let step = (done.get(number) ?? 0) + 2; ; step += 2) {
      done.set(number, step);
      trial.reports.set(step, worthOf(number, step));
      const decision = scheduler.decide(trial, trials);
      if (decision === 'prune') trial.state = 'pruned';
      else if (step === STEPS) Object.assign(trial, { state: 'complete', value: worthOf(number, step) });
      else if (decision === 'pause') trial.pausedAt = step;
      else continue;
      break;
    }
  }
}

const scheduler = (options: SweepOptions['scheduler'], trials: number): Scheduler =>
  schedulerOf(options, trials, STEPS, 'minimize');
/** Worse the higher the number, better with time. */
const byNumber = (trial: number, step: number): number => trial - step / 100;

describe('all trials', () => {
  it('run to their ends, and a median stops what lags behind', () => {
    expect([...play(scheduler({ name: 'all' }, 3), byNumber).done.values()]).toEqual([16, 16, 16]);
    const options = { name: 'median', startupTrials: 2, warmupSteps: 4, intervalSteps: 1 } as const;
    expect([...play(scheduler(options, 5), byNumber).done.values()]).toEqual([16, 16, 4, 4, 4]);
  });
});

describe('successive halving', () => {
  const asha = (trials: number): Scheduler => scheduler({ name: 'asha', minSteps: 4, factor: 2 }, trials);

  it('lets the better half go on from where it stands', () => {
    const { done, trials } = play(asha(8), byNumber);
    expect([...done.values()]).toEqual([16, 16, 16, 8, 4, 4, 4, 4].map((_, i) => done.get(i)));
    expect(done.get(0)).toBe(16);
    expect(trials.filter(({ state }) => state === 'complete').map(({ number }) => number)).toContain(0);
    expect([...done.values()].filter(steps => steps === 4).length).toBeGreaterThanOrEqual(4);
    // Every stretch begins where the one before ended: no step is done twice.
    expect(trials.every(({ reports }, i) => reports.size === done.get(i)! / 2)).toBe(true);
  });

  it('never waits: with four workers a better trial that comes late overtakes', () => {
    const late = (trial: number, step: number): number => byNumber(8 - trial, step);
    const { done, trials } = play(asha(8), late, { parallel: 4 });
    expect(done.get(7)).toBe(16);
    expect(trials[7].state).toBe('complete');
  });

  it('brings one trial to its end even where too few are there to promote', () => {
    const { trials } = play(scheduler({ name: 'asha', minSteps: 4, factor: 4 }, 3), byNumber);
    expect(trials.map(({ state }) => state)).toEqual(['complete', 'running', 'running']);
    expect(play(asha(4), byNumber, { fails: [0, 1, 2] }).trials[3].state).toBe('complete');
  });
});

describe('Hyperband', () => {
  it('plays its brackets one after another', () => {
    const { trials, done } = play(scheduler({ name: 'hyperband', minSteps: 4, factor: 2 }, 0), byNumber, {
      parallel: 3,
    });
    // 4 units of 4 steps: brackets of 4, 3 and 3 trials that begin with 1, 2 and 4 units.
    expect(trials.map(({ bracket }) => bracket)).toEqual([0, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect([...done].sort(([a], [b]) => a - b).map(([, steps]) => steps)).toEqual([16, 8, 4, 4, 16, 8, 8, 16, 16, 16]);
  });
});

describe('a population', () => {
  it('takes nobody over who is still saving', () => {
    const population = scheduler({ name: 'pbt', interval: 4, quantile: 0.5, resample: 0, seed: 0 }, 2);
    const member = (number: number, pausedAt?: number): TrialState => ({
      number,
      values: {},
      state: 'running',
      reports: new Map([[4, number]]),
      before: [],
      pausedAt,
    });
    const trials = [member(0), member(1, 4)];
    expect(population.next(trials, new Set([0]), new Set())).toBeUndefined();
    trials[0].pausedAt = 4;
    expect(population.next(trials, new Set(), new Set())).toEqual({ kind: 'exploit', step: 4, ranked: [0, 1] });
    expect(population.next(trials, new Set([0]), new Set([4]))).toEqual({ kind: 'continue', trial: 1, until: 8 });
  });

  it('stands still between generations, and everybody gets to the end', () => {
    const { done, ranks, stretches } = play(
      scheduler({ name: 'pbt', interval: 4, quantile: 0.25, resample: 0.25, seed: 0 }, 4),
      byNumber,
      {
        parallel: 2,
      },
    );
    expect([...done.values()]).toEqual([16, 16, 16, 16]);
    expect(ranks).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect(stretches).toBe(16);
  });
});
