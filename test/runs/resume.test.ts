/** Interrupting a run and resuming it gives what never interrupting it gives: every digit of every loss. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointSteps } from '../../src/runs/checkpoints.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { readJson } from '../../src/support/files.ts';
import { openSafetensors } from '../../src/torch/index.ts';
import { errorOf } from '../data/helpers.ts';
import { metricsOf, traceOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const corpus = tinyCorpus(join(folder, 'corpus'));
const recipe = tinyRecipe(corpus, { log: { every: 5 }, train: { gradientAccumulation: 2 } });
const place = (name: string): string => join(folder, name);

const namesIn = (path: string): string[] => readdirSync(path, { recursive: true }) as string[];

/** Lets a run go on, and stops it after some step as a signal does. */
async function stopAfter(step: number, begin: (options: Parameters<typeof resumeRun>[1]) => Promise<unknown>) {
  const controller = new AbortController();
  const onStep = (metrics: { step: number }) => metrics.step === step && controller.abort();
  return begin({ signal: controller.signal, hooks: { onStep } });
}

describe('a run that was interrupted', async () => {
  await startRun(recipe, place('straight'));
  const straight = traceOf(place('straight'));

  it('uses dropout and several epochs, so that all of its state matters', async () => {
    expect(recipe.model.dropout).toBeGreaterThan(0);
    await startRun({ ...recipe, seed: 2 }, place('other-seed'));
    expect(metricsOf(place('other-seed'))).not.toEqual(straight.metrics);
  });

  it.each([
    ['between the lines of the log', [7]],
    ['where it would have saved anyway', [8]],
    ['again and again', [1, 2, 6, 11]],
  ])('%s goes on to the same numbers', async (name, stops) => {
    const run = place(name);
    const [first, ...more] = stops;
    expect(await stopAfter(first, options => startRun(recipe, run, options))).toMatchObject({
      step: first,
      finished: false,
    });
    for (const stop of more) {
      expect(await stopAfter(stop, options => resumeRun(run, options))).toMatchObject({ step: stop, finished: false });
    }
    expect(await resumeRun(run)).toMatchObject({ step: 12, finished: true });
    expect(traceOf(run)).toEqual(straight);
  });

  it.each([
    { name: 'muon' },
    { name: 'adafactor', beta1: 0.9 },
    { name: 'adamw', scaleParameter: true, lr: 0.1 },
    { name: 'lamb' },
    { name: 'lion' },
    { name: 'sgd', momentum: 0.9, nesterov: true },
  ])('with $name goes on to the same numbers', async optimizer => {
    const { name } = optimizer;
    const other = tinyRecipe(corpus, { log: { every: 5 }, train: { gradientAccumulation: 2 }, optimizer });
    await startRun(other, place(name));
    expect(metricsOf(place(name))).not.toEqual(straight.metrics);
    await stopAfter(7, options => startRun(other, place(`${name}-stopped`), options));
    await resumeRun(place(`${name}-stopped`));
    expect(traceOf(place(`${name}-stopped`))).toEqual(traceOf(place(name)));
  });

  it('with groups, layer decay and frozen parameters goes on to the same numbers', async () => {
    const optimizer = { groups: [{ match: '*.bias', lr: 2 }], layerDecay: 0.5 };
    const train = { gradientAccumulation: 2, freeze: ['transformer.wpe', 'transformer.h.*.mlp'] };
    const grouped = tinyRecipe(corpus, { log: { every: 5 }, train, optimizer });
    await startRun(grouped, place('grouped'));
    expect(metricsOf(place('grouped'))).not.toEqual(straight.metrics);
    await stopAfter(7, options => startRun(grouped, place('grouped-stopped'), options));
    await resumeRun(place('grouped-stopped'));
    expect(traceOf(place('grouped-stopped'))).toEqual(traceOf(place('grouped')));
    const state = openSafetensors(join(place('grouped'), 'checkpoints', 'step-0000012', 'optimizer.safetensors'));
    const kept = [...state.entries.keys()];
    expect(kept.filter(name => /positions|\.mlp\.|feedForward\./.test(name))).toEqual([]);
    expect(kept.length).toBeGreaterThan(10);
    const thawed = errorOf(() => resumeRun(place('grouped'), { set: ['train.freeze=[transformer.wpe]'] }));
    expect(await thawed).toMatchObject({ code: 'TSLM_RECIPE_CHANGED' });
  });

  it('with averaged weights and spikes left out goes on to the same numbers', async () => {
    const train = { gradientAccumulation: 2, ema: { decay: 0.8 }, skipSpikes: { factor: 1.01, decay: 0.3, after: 2 } };
    const guarded = tinyRecipe(corpus, { log: { every: 5 }, train, evaluation: { every: 0 } });
    const [whole, parts] = [place('guarded'), place('guarded-stopped')];
    await startRun(guarded, whole);
    const skipped = readMetrics(join(whole, 'metrics.jsonl')).at(-2)!.skipped;
    expect(skipped).toBeGreaterThan(0);
    expect(skipped).toBeLessThan(10);
    expect((readJson(join(whole, 'run.json')) as { progress: object }).progress).toMatchObject({ skipped });
    for (const [i, stop] of [3, 7].entries()) {
      await stopAfter(stop, options => (i === 0 ? startRun(guarded, parts, options) : resumeRun(parts, options)));
    }
    await resumeRun(parts);
    expect(traceOf(parts)).toEqual(traceOf(whole));
    const [last, other] = [whole, parts].map(run => join(run, 'checkpoints', 'step-0000012'));
    const weights = (folder: string, file: string) => {
      const tensors = openSafetensors(join(folder, file));
      return [...tensors.entries.keys()].map(name => [name, tensors.tensor(name).toNumbers()]);
    };
    expect(weights(other, 'ema.safetensors')).toEqual(weights(last, 'ema.safetensors'));
    // The averages are not the weights, and the best model is made of them.
    const trained = weights(last, 'model.safetensors').map(([, values]) => Array.from(values as ArrayLike<number>));
    const averages = weights(last, 'ema.safetensors').map(([, values]) => Array.from(values as ArrayLike<number>));
    const ofModel = weights(join(whole, 'model'), 'model.safetensors').map(([, values]) =>
      Array.from(values as ArrayLike<number>),
    );
    expect(averages.filter(values => trained.some(other => String(other) === String(values)))).toEqual([]);
    const isOfAverages = ofModel.filter(values => averages.some(other => String(other) === String(values))).length;
    expect(isOfAverages).toBeGreaterThan(0);
  });

  it('that recomputes activations goes on to the same numbers, which are those of one that keeps them', async () => {
    const recomputed = { ...recipe, train: { ...recipe.train, recompute: true } };
    await stopAfter(7, options => startRun(recomputed, place('recomputed'), options));
    await resumeRun(place('recomputed'));
    expect(traceOf(place('recomputed'))).toEqual(straight);
  });

  it('after the last checkpoint drops what it had written since', async () => {
    const run = place('crashed');
    cpSync(place('straight'), run, { recursive: true });
    rmSync(join(run, 'checkpoints', 'step-0000012'), { recursive: true });
    // As a crash leaves it: half a line, half a checkpoint, half a model.
    writeFileSync(join(run, 'metrics.jsonl'), `${readFileSync(join(run, 'metrics.jsonl'), 'utf8')}{"step":12,"lo`);
    writeFileSync(join(run, 'samples.jsonl'), `${readFileSync(join(run, 'samples.jsonl'), 'utf8')}{"step":12,"pro`);
    mkdirSync(join(run, 'checkpoints', 'step-0000012.01234567.tmp'));
    mkdirSync(join(run, 'model.89abcdef.tmp'));
    expect(checkpointSteps(run)).toEqual([8]);
    expect(await resumeRun(run)).toMatchObject({ step: 12, finished: true });
    expect(traceOf(run)).toEqual(straight);
    const left = namesIn(run);
    expect(left.filter(name => name.includes('.tmp'))).toEqual([]);
  });

  it('before its first checkpoint begins again', async () => {
    const run = place('no-checkpoint');
    cpSync(place('straight'), run, { recursive: true });
    rmSync(join(run, 'checkpoints'), { recursive: true });
    let restarted = false;
    const hooks = { onRestart: () => (restarted = true) };
    expect(await resumeRun(run, { hooks })).toMatchObject({ step: 12, finished: true });
    expect(restarted).toBe(true);
    expect(traceOf(run)).toEqual(straight);
  });

  it('before it wrote anything but its recipe begins too', async () => {
    const run = place('recipe-only');
    mkdirSync(run);
    cpSync(join(place('straight'), 'recipe.yaml'), join(run, 'recipe.yaml'));
    await resumeRun(run);
    expect(traceOf(run)).toEqual(straight);
  });

  it('goes on from another working directory', async () => {
    const run = place('relative');
    const here = relative(process.cwd(), corpus);
    const relativeRecipe = { ...recipe, data: { ...recipe.data, corpus: here } };
    await stopAfter(5, options => startRun(relativeRecipe, run, options));
    const text = readFileSync(join(run, 'recipe.yaml'), 'utf8');
    // The path in the recipe leads nowhere from here; the lineage knows the whole one.
    writeFileSync(join(run, 'recipe.yaml'), text.replace(here, 'not/here'));
    await resumeRun(run);
    expect(metricsOf(run)).toEqual(straight.metrics);
  });
});

describe('resuming is refused', () => {
  it('when the corpus was changed', async () => {
    const changing = tinyCorpus(place('changing'));
    await stopAfter(5, options => startRun(tinyRecipe(changing), place('on-changing'), options));
    tinyCorpus(changing, { train: ['another text altogether, of some length'.repeat(20)] });
    const error = await errorOf(() => resumeRun(place('on-changing')));
    expect(error).toMatchObject({ code: 'TSLM_CORPUS_CHANGED', exitCode: 1 });
    expect(error.message).toContain(changing);
  });

  it('where there is no run', async () => {
    for (const path of [place('nothing'), corpus]) {
      expect(await errorOf(() => resumeRun(path))).toMatchObject({ code: 'TSLM_NO_RUN', exitCode: 2 });
    }
  });

  it('when a file of the checkpoint was cut off, which is named', async () => {
    const run = place('cut');
    await stopAfter(5, options => startRun(recipe, run, options));
    for (const file of ['optimizer.safetensors', 'model.safetensors']) {
      const path = join(run, 'checkpoints', 'step-0000005', file);
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.subarray(0, bytes.length - 100));
      const error = await errorOf(() => resumeRun(run));
      expect(error).toMatchObject({ name: 'UserError' });
      expect(error.message).toContain(path);
      writeFileSync(path, bytes);
    }
    await expect(resumeRun(run)).resolves.toMatchObject({ finished: true });
  });
});

describe('a run that diverges', () => {
  it('stops, and its last checkpoint is as it was', async () => {
    const run = place('diverging');
    await startRun({ ...recipe, train: { ...recipe.train, steps: 4 } }, run);
    const checkpoint = join(run, 'checkpoints', 'step-0000004');
    const before = namesIn(checkpoint).map(name => readFileSync(join(checkpoint, name), 'base64'));
    const sane = readFileSync(join(run, 'recipe.yaml'), 'utf8');
    const wild = sane.replace('steps: 4', 'steps: 12').replace(/lr: 0.01/, 'lr: 1e30');
    writeFileSync(join(run, 'recipe.yaml'), wild);
    expect(await errorOf(() => resumeRun(run))).toMatchObject({ code: 'TSLM_DIVERGED', exitCode: 1 });
    expect(checkpointSteps(run)).toEqual([4]);
    expect(namesIn(checkpoint).map(name => readFileSync(join(checkpoint, name), 'base64'))).toEqual(before);
    writeFileSync(join(run, 'recipe.yaml'), sane.replace('steps: 4', 'steps: 12'));
    await expect(resumeRun(run)).resolves.toMatchObject({ step: 12, finished: true });
  });

  it('never saves weights that are no numbers', async () => {
    const run = place('poisoned');
    const error = await errorOf(() =>
      startRun(tinyRecipe(corpus, { optimizer: { lr: 3e38 }, checkpoints: { every: 1 } }), run),
    );
    expect(error).toMatchObject({ code: 'TSLM_DIVERGED' });
    expect(checkpointSteps(run)).toEqual([]);
  });
});
