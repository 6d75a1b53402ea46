/** Sweeps of trainings that take a moment: what is found, kept and refused, and that nothing is lost to a kill. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readRecipe } from '../../../src/runs/recipe.ts';
import { finishSweep } from '../../../src/runs/sweep/finish-sweep.ts';
import { perturbed } from '../../../src/runs/sweep/perturb.ts';
import { runSweep } from '../../../src/runs/sweep/run-sweep.ts';
import { parseSweep } from '../../../src/runs/sweep/sweep-schema.ts';
import { readTrials, type TrialState } from '../../../src/runs/sweep/trial-log.ts';
import { errorOf } from '../../data/helpers.ts';
import { bin, expectRefusal, tslmHere } from '../../helpers/cli.ts';
import { describeLong, itLong } from '../../helpers/long.ts';
import { tinyCorpus, tinyRecipeValue } from '../../helpers/tiny.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);

const space = {
  'optimizer.lr': { type: 'float', low: 1e-4, high: 0.1, log: true },
  'model.layers': [1, 2],
};
const sweepValue = (changes: object = {}): Record<string, unknown> => ({
  name: 'tiny-sweep',
  recipe: tinyRecipeValue(place('corpus'), {
    train: { steps: 8 },
    evaluation: { every: 2, windows: 4 },
    checkpoints: { every: 0, keep: 1 },
    samples: { prompts: [] },
  }),
  space,
  sampler: { name: 'random', seed: 2 },
  trials: 2,
  ...changes,
});
const sweepOf = (changes: object = {}) => parseSweep(sweepValue(changes), 'sweep.yaml');
/** What is the same whenever it is done, without seconds. */
const storyOf = (sweep: string) =>
  readTrials(join(sweep, 'trials.jsonl')).trials.map(({ values, state, value, reports }) => ({
    values,
    state,
    value,
    reports: [...reports],
  }));

beforeAll(() => void tinyCorpus(place('corpus')));

describe('a sweep', () => {
  let stopped: TrialState;

  it('stops trials at a rung, lets the best go on from there, and keeps it as a run and a recipe', async () => {
    const sweep = sweepOf({ scheduler: { name: 'asha', minSteps: 2, factor: 2 } });
    const result = await runSweep(sweep, place('asha'), { parallel: 2 });
    const { trials, best } = result;
    stopped = best!;
    expect(trials.map(({ state }) => state).sort()).toEqual(['complete', 'pruned']);
    const summary = await finishSweep(sweep, result);
    expect(summary.best!.trial).toBe(best!.number);
    expect(summary.final).toMatchObject({ on: 'test', metric: 'loss' });
    expect(summary.final!.value).not.toBe(best!.value);
    expect(existsSync(join(summary.best!.run, 'model', 'model.safetensors'))).toBe(true);
    expect(readRecipe(summary.best!.recipe).optimizer.lr).toBe(best!.values['optimizer.lr']);
    const page = readFileSync(summary.report, 'utf8');
    expect(page).toContain('<circle');
    expect(page).toContain('polyline');
    expect(page).not.toContain('<script');
  });

  itLong('that was killed goes on: no trial is repeated, and the results are those of one that was not', async () => {
    const path = place('killed.yaml');
    writeFileSync(path, stringify(sweepValue()));
    const killed = place('killed');
    const start = () => spawn(process.execPath, [bin, 'sweep', path, '--out', killed], { stdio: 'ignore' });
    const child = start();
    const log = join(killed, 'trials.jsonl');
    // In the middle of the second trial.
    while (!existsSync(log) || !readFileSync(log, 'utf8').includes('"report","trial":1')) await sleep(20);
    child.kill('SIGKILL');
    await new Promise(resolve => child.once('close', resolve));
    const before = readFileSync(log, 'utf8');
    expect(before).toContain('"complete","trial":0');
    writeFileSync(log, `${before}{"event":"rep`);
    const { trials } = await runSweep(sweepOf(), killed);
    const after = readFileSync(log, 'utf8');
    expect(after.startsWith(before)).toBe(true);
    expect(after.slice(before.length)).not.toContain('"trial":0');
    expect(after.match(/"complete"/g)).toHaveLength(2);
    // A trial that stood still at a rung, and went on, is the one that never did.
    const { values, reports, value } = trials[stopped.number];
    expect({ values, value }).toEqual({ values: stopped.values, value: stopped.value });
    expect([...reports]).toEqual([...stopped.reports]);
    expect(await errorOf(() => runSweep(sweepOf({ trials: 4 }), killed))).toMatchObject({ code: 'TSLM_SWEEP_CHANGED' });
  });
});

describeLong('a sweep that is killed again and again', () => {
  it.each(['asha', 'pbt'])('comes to the same (%s)', async name => {
    const scheduler = name === 'asha' ? { name, minSteps: 2, factor: 2 } : { name, interval: 2 };
    const changes = {
      trials: 4,
      scheduler,
      ...(name === 'pbt' && { space: { 'optimizer.lr': space['optimizer.lr'] } }),
    };
    const path = place(`${name}-long.yaml`);
    writeFileSync(path, stringify(sweepValue(changes)));
    const killed = place(`${name}-long`);
    let seed = 12;
    // Later and later, so that a slow machine gets on as well.
    for (let [done, most] = [false, 8000]; !done; most *= 2) {
      const child = spawn(process.execPath, [bin, 'sweep', path, '--out', killed], { stdio: 'ignore' });
      const ended = new Promise<number | null>(resolve => child.once('close', resolve));
      seed = (seed * 48271) % 2147483647;
      const timer = setTimeout(() => child.kill('SIGKILL'), 1000 + (seed % most));
      done = (await ended) === 0;
      clearTimeout(timer);
    }
    const whole = place(`${name}-whole`);
    await runSweep(sweepOf(changes), whole);
    expect(storyOf(killed)).toEqual(storyOf(whole));
  }, 900_000);
});

describe('what cannot be swept', () => {
  it.each([
    [{ space: {} }, /'space' is empty/],
    [{ trials: undefined }, /'trials' is missing/],
    [{ space: { x: { type: 'float', low: 2, high: 1 } } }, /'space\.x': from 2 to 1/],
    [{ space: { x: { type: 'int', low: 1, high: 2, when: { y: 1 } } } }, /depends on 'y', which is not searched/],
    [{ sampler: { name: 'tpee' } }, /'sampler\.name': 'tpee' is not known/],
  ])('is said when it is read: %j', (changes, message) => {
    expect(() => sweepOf(changes)).toThrow(message);
  });

  it.each([
    [{ space: { 'optimizer.lrr': [1] } }, /unknown key 'optimizer\.lrr'/],
    [{ scheduler: { name: 'asha', minSteps: 3 } }, /measured at step 3, and the recipe evaluates every 2/],
    [{ scheduler: { name: 'asha', minSteps: 8 } }, /a trial has 8 steps/],
    [{ scheduler: { name: 'pbt', interval: 2 } }, /'model\.layers' cannot change in the middle/],
  ])('or before anything runs: %j', async (changes, message) => {
    await expect(runSweep(sweepOf(changes), place('never'))).rejects.toThrow(message);
    expect(existsSync(place('never'))).toBe(false);
  });

  it('is one line of the command', async () => {
    writeFileSync(place('bad.yaml'), stringify({ ...sweepValue(), trails: 3 }));
    expectRefusal(await tslmHere(['sweep', place('bad.yaml')]), 2, /unknown key 'trails'/);
    expectRefusal(await tslmHere(['sweep', place('none.yaml')]), 1, /no such file/);
  });
});

describe('a member that takes over another', () => {
  it('changes numbers by a fifth, within their ranges', () => {
    const { parameters } = sweepOf();
    const values = { 'optimizer.lr': 0.01, 'model.layers': 1 };
    const changed = perturbed(parameters, values, { seed: 1, step: 4, trial: 2, resample: 0 });
    expect([0.008, 0.012]).toContain(Number((changed['optimizer.lr'] as number).toPrecision(6)));
    expect(
      perturbed(parameters, { ...values, 'optimizer.lr': 0.1 }, { seed: 2, step: 4, trial: 2, resample: 0 })[
        'optimizer.lr'
      ],
    ).toBeLessThanOrEqual(0.1);
    const drawn = perturbed(parameters, values, { seed: 1, step: 4, trial: 2, resample: 1 });
    expect(drawn).toEqual(perturbed(parameters, values, { seed: 1, step: 4, trial: 2, resample: 1 }));
  });
});
