/** Runs and intervals in epochs. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointSteps } from '../../src/runs/checkpoints.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { parseRecipe, scheduleOf } from '../../src/runs/recipe.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { readJson } from '../../src/support/files.ts';
import { writeFiles } from '../data/helpers.ts';
import { traceOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe, tinyRecipeValue } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));
writeFiles(folder, {
  'rows.jsonl': Array.from({ length: 25 }, (_, i) =>
    JSON.stringify({ text: 'ab'.repeat(1 + (i % 7)), label: i % 2 }),
  ).join('\n'),
});

/** 20 rows to train on, in batches of 3. */
const value = (changes: Record<string, unknown> = {}) =>
  tinyRecipeValue(corpus, {
    objective: { name: 'sequence-classification' },
    data: { corpus: undefined, train: place('rows.jsonl'), validation: 0.2, tokenizer: corpus },
    model: { family: 'gpt2', config: { pad_token_id: 0 } },
    train: { steps: undefined, epochs: 2, batchSize: 3 },
    schedule: { name: 'linear', warmupRatio: 0.25 },
    evaluation: { every: '0.5 epochs', windows: 0 },
    checkpoints: { every: '1 epoch', keep: 9 },
    samples: { prompts: [] },
    ...changes,
  });

describe('a run of epochs', async () => {
  const recipe = parseRecipe(value(), 'epochs');
  const result = await startRun(recipe, place('whole'));

  it('sees all rows so many times, and has its intervals in epochs', () => {
    // 40 rows in batches of 3; half an epoch is 3.33 steps, one 6.67.
    expect(result).toMatchObject({ step: 14, finished: true });
    const rows = readMetrics(join(place('whole'), 'metrics.jsonl'));
    expect(rows.filter(row => 'evalLoss' in row).map(({ step }) => step)).toEqual([3, 6, 9, 12, 14]);
    expect(checkpointSteps(place('whole'))).toEqual([7, 14]);
    // A warm-up of ⌈14 / 4⌉ steps, then down to 0.
    expect(rows.find(({ step }) => step === 2)!.lr).toBeCloseTo(0.01 / 4, 10);
    expect(rows.find(({ step }) => step === 14)!.lr).toBeCloseTo(0.01 / 10, 10);
    expect(readJson(join(place('whole'), 'run.json'))).toMatchObject({ steps: 14, recipe: { train: { epochs: 2 } } });
  });

  it('goes on to the same numbers, and to more epochs', async () => {
    const controller = new AbortController();
    const onStep = ({ step }: { step: number }) => step === 5 && controller.abort();
    const stopped = await startRun(recipe, place('parts'), { signal: controller.signal, hooks: { onStep } });
    expect(stopped).toMatchObject({ step: 5, finished: false });
    await resumeRun(place('parts'));
    expect(metricsAndWeights('parts')).toEqual(metricsAndWeights('whole'));
    // 60 rows are 20 batches, 14 of which are over.
    expect(await resumeRun(place('parts'), { set: ['train.epochs=3'] })).toMatchObject({ step: 20, finished: true });
    // With larger batches the rows that are left count: 80 − 60 of them.
    const set = ['train.epochs=4', 'train.batchSize=10'];
    expect(await resumeRun(place('parts'), { set })).toMatchObject({ step: 22, finished: true });
  });

  it('of batches by tokens ends with its rows', async () => {
    const byTokens = parseRecipe(
      value({ train: { steps: undefined, epochs: 1, batchTokens: 40 }, samples: { prompts: [] } }),
      'x',
    );
    const seen: number[] = [];
    await startRun(byTokens, place('tokens'), { hooks: { onStep: ({ tokens }) => seen.push(tokens) } });
    const rows = Array.from({ length: 25 }, (_, i) => 2 * (1 + (i % 7)));
    const all = seen.reduce((a, b) => a + b, 0);
    expect(all).toBeGreaterThan(0.6 * rows.reduce((a, b) => a + b, 0));
    expect(all).toBeLessThan(rows.reduce((a, b) => a + b, 0));
  });
});

const metricsAndWeights = (name: string) => {
  writeFiles(place(name), { 'samples.jsonl': '' });
  return traceOf(place(name));
};

describe('recipes', () => {
  it.each([
    [{ train: { steps: 3, epochs: 1 } }, "'train.epochs' and 'train.steps' are both given"],
    [{ train: { epochs: 1, steps: undefined, budget: '3s' } }, "'train.epochs' and 'train.budget' are both given"],
    [
      { schedule: { name: 'linear', warmupRatio: 0.1, numWarmupSteps: 3 } },
      "'schedule.warmupRatio' and 'schedule.numWarmupSteps'",
    ],
    [{ schedule: { name: 'linear', warmupRatio: 2 } }, "'schedule.warmupRatio' is not between 0 and 1"],
    [{ evaluation: { every: '3 days' } }, 'evaluation.every'],
    [{ checkpoints: { every: '0 epochs' } }, 'checkpoints.every'],
  ])('with %o say what is wrong', (changes, message) => {
    expect(() => tinyRecipe(corpus, changes)).toThrow(message);
  });

  it('warm up for a share of the steps, rounded as Transformers rounds it', () => {
    const recipe = tinyRecipe(corpus, { train: { steps: 101 }, schedule: { name: 'linear', warmupRatio: 0.1 } });
    const same = tinyRecipe(corpus, { train: { steps: 101 }, schedule: { name: 'linear', numWarmupSteps: 11 } });
    for (const step of [0, 5, 11, 60, 101]) expect(scheduleOf(recipe)(step)).toBe(scheduleOf(same)(step));
  });
});
