/** A run that goes on with a changed recipe. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { readRecipe } from '../../src/runs/recipe.ts';
import { changesOf } from '../../src/runs/recipe-changes.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { readJson } from '../../src/support/files.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const corpus = tinyCorpus(join(folder, 'corpus'));
const place = (name: string): string => join(folder, name);
const finished = async (name: string, changes: Record<string, unknown> = {}): Promise<string> => {
  await startRun(tinyRecipe(corpus, { train: { steps: 4 }, ...changes }), place(name));
  return place(name);
};
const recipeOf = (run: string) => readRecipe(join(run, 'recipe.yaml'));
const recordOf = (run: string) => readJson(join(run, 'run.json')) as Record<string, unknown>;

describe('resume with changes', () => {
  it('prolongs a finished run, and recipe.yaml and run.json say so', async () => {
    const run = await finished('prolonged');
    expect(await resumeRun(run, { set: ['train.steps=9', 'checkpoints.every=3'] })).toMatchObject({
      step: 9,
      finished: true,
    });
    const steps = readMetrics(join(run, 'metrics.jsonl')).filter(row => 'loss' in row);
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(recipeOf(run)).toMatchObject({ train: { steps: 9 }, checkpoints: { every: 3 } });
    expect(recordOf(run)).toMatchObject({
      recipe: { train: { steps: 9 }, checkpoints: { every: 3 } },
      changes: [
        {
          step: 4,
          changes: { 'train.steps': { before: 4, after: 9 }, 'checkpoints.every': { before: 4, after: 3 } },
        },
      ],
      progress: { step: 9 },
    });
    // Again, and nothing is forgotten.
    await resumeRun(run, { set: ['train.steps=10', 'optimizer.lr=0.5'] });
    expect((recordOf(run).changes as unknown[]).length).toBe(2);
    expect(readMetrics(join(run, 'metrics.jsonl')).findLast(row => 'lr' in row)).toMatchObject({ step: 10, lr: 0.5 });
  });

  it('takes what was written into recipe.yaml for the same', async () => {
    const run = await finished('edited');
    const path = join(run, 'recipe.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('steps: 4', 'steps: 6'));
    expect(await resumeRun(run)).toMatchObject({ step: 6 });
    expect(recordOf(run)).toMatchObject({ recipe: { train: { steps: 6 } }, changes: [{ step: 4 }] });
  });

  it('changes batch, accumulation, schedule and intervals', async () => {
    const run = await finished('free');
    const set = [
      'train.steps=6',
      'train.batchSize=3',
      'train.gradientAccumulation=2',
      'train.recompute=true',
      'schedule={name: linear, numWarmupSteps: 1}',
      'evaluation.every=1',
      'samples.every=1',
      'log.every=2',
    ];
    expect(await resumeRun(run, { set })).toMatchObject({ step: 6, tokens: 4 * 2 * 16 + 2 * 6 * 16 });
  });

  it.each([
    ['name', 'other', '"tiny"'],
    ['seed', '7', '1337'],
    ['model.layers', '2', '1'],
    ['model.dropout', '0.5', '0.1'],
    ['model.family', 'llama', '"gpt2"'],
    ['model.performer', '{features: 8}', 'null'],
    ['optimizer.name', 'lion', '"adamw"'],
    ['evaluation.windows', '4', '8'],
    ['evaluation.split', 'test', '"validation"'],
  ])('refuses another %s by name, and changes nothing', async (path, value, before) => {
    const run = place('fixed');
    if (path === 'name') await finished('fixed', { optimizer: { name: 'adamw', lr: 0.01 } });
    const files = () => ['recipe.yaml', 'run.json', 'metrics.jsonl'].map(name => readFileSync(join(run, name), 'utf8'));
    const kept = files();
    const change = path === 'optimizer.name' ? 'optimizer={name: lion, lr: 0.01}' : `${path}=${value}`;
    const error = await errorOf(() => resumeRun(run, { set: ['train.steps=8', change] }));
    expect(error).toMatchObject({ code: 'TSLM_RECIPE_CHANGED', exitCode: 2 });
    expect(error.message).toMatch(new RegExp(`a run cannot change '${path}[.\\w]*' \\(was ${before}, is `));
    expect(files()).toEqual(kept);
  });

  it('names everything that it refuses', async () => {
    const error = await errorOf(() =>
      resumeRun(place('fixed'), { set: ['seed=7', 'train.steps=9', 'model.layers=2'] }),
    );
    expect(error.message).toContain("'seed' (was 1337, is 7), 'model.layers' (was 1, is 2)");
    expect(error.message).not.toContain('train.steps');
  });

  it('refuses fewer steps than are done', async () => {
    const run = await finished('fewer');
    const error = await errorOf(() => resumeRun(run, { set: ['train.steps=3'] }));
    expect(error.message).toContain("'train.steps' is 3, and the run has done 4 already");
    expect(recipeOf(run).train.steps).toBe(4);
  });
});

describe('changesOf', () => {
  it('names leaves, and takes a missing key for its default', () => {
    const recipe = tinyRecipe(corpus);
    const before: Record<string, unknown> = { ...recipe, log: { every: 1 } };
    expect(changesOf(before, recipe, 'x')).toEqual([]);
    const changed = tinyRecipe(corpus, { log: { every: 3 }, samples: { prompts: ['a', 'b'] } });
    expect(changesOf(before, changed, 'x')).toEqual([
      { path: 'samples.prompts', before: ['ba'], after: ['a', 'b'] },
      { path: 'log.every', before: 1, after: 3 },
    ]);
  });
});
