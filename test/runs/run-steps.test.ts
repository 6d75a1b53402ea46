/** What becomes of a run when something besides the training fails. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointSteps } from '../../src/runs/checkpoints.ts';
import { type RunHooks, resumeRun, startRun } from '../../src/runs/run.ts';
import { readSamples } from '../../src/runs/samples.ts';
import { errorOf } from '../data/helpers.ts';
import { traceOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));
// No checkpoint before the last step, so that whatever is saved was saved for the failure.
const recipe = tinyRecipe(corpus, { checkpoints: { every: 0 }, log: { every: 5 }, train: { gradientAccumulation: 3 } });
const hasFull = process.platform === 'linux';

/** A hook that fails once. */
function failing(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

describe('a run in which something fails', async () => {
  await startRun(recipe, place('straight'));
  const straight = traceOf(place('straight'));

  const cases: [string, number, RunHooks][] = [
    ['after the update of a step', 7, { onStep: ({ step }) => step === 7 && failing('no')() }],
    ['in an evaluation', 10, { onEvaluate: step => step === 10 && failing('no')() }],
    ['in the last evaluation', 12, { onEvaluate: step => step === 12 && failing('no')() }],
    ['in a sample', 6, { onSample: ({ step }) => step === 6 && failing('no')() }],
  ] as [string, number, RunHooks][];

  it.each(cases)('%s keeps its steps, and goes on to the same numbers', async (name, step, hooks) => {
    const run = place(name);
    const warnings: string[] = [];
    const error = await errorOf(() =>
      startRun(recipe, run, { hooks: { ...hooks, onWarning: text => warnings.push(text) } }),
    );
    expect(error.message).toBe('no');
    expect(warnings).toEqual([`saved step ${step} before ending`]);
    expect(checkpointSteps(run)).toEqual([step]);
    expect(await resumeRun(run)).toMatchObject({ step: 12, finished: true });
    expect(traceOf(run)).toEqual(straight);
  });

  it('between two forward passes of a step, by a signal, keeps whole steps and goes on to the same numbers', async () => {
    const run = place('parts');
    let looks = 0;
    // Looked at before each of the three passes of a step, and once after it.
    const signal = { get aborted() { return ++looks > 4 * 4 + 2; } } as AbortSignal; // biome-ignore format: one line
    expect(await startRun(recipe, run, { signal })).toMatchObject({ step: 4, finished: false });
    expect(await resumeRun(run)).toMatchObject({ step: 12, finished: true });
    expect(traceOf(run)).toEqual(straight);
  });

  it('by a signal in the last evaluation is not finished, and evaluates when it goes on', async () => {
    const run = place('last-evaluation');
    const controller = new AbortController();
    const onStep = ({ step }: { step: number }): void => {
      if (step === 12) controller.abort();
    };
    expect(await startRun(recipe, run, { signal: controller.signal, hooks: { onStep } })).toMatchObject({
      step: 12,
      finished: false,
    });
    expect(await resumeRun(run)).toMatchObject({ step: 12, finished: true });
    expect(traceOf(run)).toEqual(straight);
  });

  it('for want of memory says what to do', async () => {
    const onStep = ({ step }: { step: number }) =>
      step === 3 && failing('out of memory: could not allocate 2000 bytes')();
    const error = await errorOf(() => startRun(recipe, place('memory'), { hooks: { onStep } as RunHooks }));
    expect(error).toMatchObject({ code: 'TSLM_OUT_OF_MEMORY', message: 'out of memory: 2.0 kB more were asked for' });
    expect(error.hint).toMatch(/smaller batch.*train\.recompute=true.*tslm resume .*memory --set train\.batchSize/);
    expect(checkpointSteps(place('memory'))).toEqual([3]);
  });

  it('without TensorBoard events goes on, with one warning', async () => {
    const run = place('no-events');
    const warnings: string[] = [];
    const stopped = new AbortController();
    const onStep = ({ step }: { step: number }): void => {
      if (step === 3) stopped.abort();
    };
    await startRun(recipe, run, { signal: stopped.signal, hooks: { onStep } });
    rmSync(join(run, 'tensorboard'), { recursive: true });
    writeFileSync(join(run, 'tensorboard'), 'a file where the folder should be');
    await resumeRun(run, { hooks: { onWarning: text => warnings.push(text) } });
    expect(warnings).toEqual([
      expect.stringMatching(/no-events\/tensorboard: .*; the training goes on without TensorBoard/),
    ]);
    expect(traceOf(run)).toEqual(straight);
  });

  it('without samples goes on, with one warning, and leaves whole lines', async () => {
    const run = place('no-samples');
    const warnings: string[] = [];
    const hooks: RunHooks = {
      onWarning: text => warnings.push(text),
      onStep({ step }) {
        if (step === 8) {
          rmSync(join(run, 'samples.jsonl'));
          mkdirSync(join(run, 'samples.jsonl'));
        }
      },
    };
    expect(await startRun(recipe, run, { hooks })).toMatchObject({ finished: true });
    expect(warnings).toEqual([expect.stringContaining('the training goes on without samples')]);
    expect(readSamples(join(run, 'samples.jsonl'))).toEqual([]);
  });

  it.skipIf(!hasFull)(
    'whose metrics cannot be written ends, with its steps, and goes on to the same numbers',
    async () => {
      const run = place('no-metrics');
      const stopped = new AbortController();
      const onStep = ({ step }: { step: number }): void => {
        if (step === 4) stopped.abort();
      };
      await startRun(recipe, run, { signal: stopped.signal, hooks: { onStep } });
      const log = join(run, 'metrics.jsonl');
      cpSync(log, `${log}.kept`);
      rmSync(log);
      symlinkSync('/dev/full', log);
      expect(await errorOf(() => resumeRun(run))).toMatchObject({ code: 'TSLM_ENOSPC' });
      expect(checkpointSteps(run)).toEqual([4, 5]);
      rmSync(log);
      cpSync(`${log}.kept`, log);
      await resumeRun(run);
      expect(traceOf(run)).toEqual(straight);
      expect(readFileSync(log, 'utf8').endsWith('\n')).toBe(true);
    },
  );
});

describe('a T5 model that diverges', () => {
  it.each([
    [{ lr: 1e30 }, /optimizer\.scaleParameter=true/],
    [{ lr: 1e30, scaleParameter: true }, /lower optimizer\.lr/],
  ])('with %o is told what helps', async (optimizer, hint) => {
    const rows = Array.from({ length: 20 }, (_, i) => JSON.stringify({ source: 'ab'.repeat(1 + i), target: 'ba' }));
    writeFileSync(place('pairs.jsonl'), rows.join('\n'));
    const diverging = tinyRecipe(corpus, {
      objective: { name: 'seq2seq' },
      data: { corpus: undefined, train: place('pairs.jsonl'), validation: 0.2, tokenizer: corpus },
      model: { family: 't5' },
      optimizer,
      samples: { prompts: [] },
    });
    const out = place(`diverging-${Object.keys(optimizer).length}`);
    expect(await errorOf(() => startRun(diverging, out))).toMatchObject({
      code: 'TSLM_DIVERGED',
      hint: expect.stringMatching(hint),
    });
  });
});
