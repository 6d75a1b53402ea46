import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createSchedule, type ScheduleOptions, scheduleNames } from '../../src/train/schedules.ts';

it('the recorded cases, which verify.test.ts compares, have every schedule that can be had', () => {
  const { cases } = JSON.parse(readFileSync('test/fixtures/train/schedules.json', 'utf8'));
  expect([...new Set(cases.map(({ name }: { name: string }) => name))].sort()).toEqual([...scheduleNames].sort());
});

describe('createSchedule', () => {
  const training = { lr: 1, numTrainingSteps: 100 };

  it.each(scheduleNames.filter(name => name !== 'constant'))('%s reaches lr at the end of the warmup', name => {
    const extra = { warmup_stable_decay: { numDecaySteps: 10 }, cosine_with_min_lr: { minLrRate: 0.1 } };
    const options = { name, ...training, numWarmupSteps: 10, ...extra[name as keyof typeof extra] };
    const schedule = createSchedule(options as ScheduleOptions);
    expect(schedule(10)).toBeCloseTo(1, 12);
    for (let step = 0; step < 10; step++) expect(schedule(step)).toBeLessThan(schedule(step + 1));
  });

  it('warms up and decays in the shapes of warmup_stable_decay', () => {
    const make = (shape: 'linear' | 'cosine' | '1-sqrt') =>
      createSchedule({
        name: 'warmup_stable_decay',
        ...training,
        numWarmupSteps: 20,
        numDecaySteps: 20,
        warmupType: shape,
        decayType: shape,
      });
    expect([5, 85].map(make('linear'))).toEqual([0.25, 0.75]);
    const cosine = make('cosine');
    expect(cosine(5)).toBeCloseTo(0.5 * (1 - Math.cos(Math.PI / 4)), 12);
    expect(cosine(85)).toBeCloseTo(0.5 * (1 + Math.cos(Math.PI / 4)), 12);
    expect([5, 85].map(make('1-sqrt'))).toEqual([1 - Math.sqrt(0.75), 0.5]);
  });

  it('takes the lowest rate of cosine_with_min_lr as a rate or as a ratio', () => {
    const options = { name: 'cosine_with_min_lr', lr: 0.5, numTrainingSteps: 100 } as const;
    expect(createSchedule({ ...options, minLr: 0.05 })(100)).toBeCloseTo(0.05, 12);
    expect(createSchedule({ ...options, minLrRate: 0.1 })(100)).toBeCloseTo(0.05, 12);
    expect(() => createSchedule({ ...options, minLr: 0.05, minLrRate: 0.1 })).toThrow(/one of 'minLr' and 'minLrRate'/);
    expect(() => createSchedule(options)).toThrow(/one of 'minLr' and 'minLrRate'/);
  });

  it.each([
    [
      { name: 'cosin', ...training },
      { message: "unknown schedule 'cosin'", hint: "did you mean 'cosine'?" },
    ],
    [{ name: 'cosine', ...training, numCycle: 1 }, { hint: "did you mean 'numCycles'?" }],
    [{ name: 'constant', ...training, numWarmupSteps: 5 }, { code: 'TSLM_UNKNOWN_KEY' }],
    [{ name: 'linear', lr: 1 }, { message: expect.stringContaining('numTrainingSteps') }],
    [{ name: 'polynomial', ...training, lrEnd: 2 }, { message: expect.stringContaining('must be below lr') }],
    [{ name: 'warmup_stable_decay', lr: 1, numDecaySteps: 5 }, { message: expect.stringContaining('numStableSteps') }],
    [
      { name: 'warmup_stable_decay', ...training, numWarmupSteps: 60, numDecaySteps: 50 },
      { message: expect.stringContaining('longer than the 100 steps') },
    ],
    [
      { name: 'warmup_stable_decay', ...training, numStableSteps: 60, numDecaySteps: 50 },
      { message: expect.stringContaining('longer than the 100 steps') },
    ],
  ])('refuses %j', (options, error) => {
    expect(() => createSchedule(options as ScheduleOptions)).toThrow(
      expect.objectContaining({ exitCode: 2, ...error }),
    );
  });
});
