/** Which model of a run is the best one, by the metric that the recipe names. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrainProgress } from '../../src/runs/checkpoints.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { readJson } from '../../src/support/files.ts';
import { errorOf, writeFiles } from '../data/helpers.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));

/** Texts of a letter each, whose labels can be learnt but for some noise. */
const rows = Array.from({ length: 60 }, (_, i) =>
  JSON.stringify({ text: 'abc'[i % 3].repeat(1 + (i % 5)), label: i % 10 === 0 ? 1 : Number(i % 3 === 0) }),
);
writeFiles(folder, { 'rows.jsonl': rows.join('\n') });

const recipeOf = (evaluation: object) =>
  tinyRecipe(corpus, {
    objective: { name: 'sequence-classification' },
    data: { corpus: undefined, train: place('rows.jsonl'), validation: 0.4, tokenizer: corpus },
    model: { family: 'gpt2', config: { pad_token_id: 0 } },
    samples: { prompts: [] },
    train: { steps: 30, batchSize: 4 },
    evaluation: { every: 1, windows: 0, ...evaluation },
    checkpoints: { every: 0, keep: 1 },
  });

describe('the best model', () => {
  it('is that of the highest accuracy, and patience counts from it, where the recipe says so', async () => {
    const result = await startRun(recipeOf({ best: 'accuracy', patience: 6 }), place('accurate'));
    const evaluated = readMetrics(join(place('accurate'), 'metrics.jsonl')).filter(row => 'evalAccuracy' in row);
    const highest = Math.max(...evaluated.map(({ evalAccuracy }) => evalAccuracy));
    const first = evaluated.find(({ evalAccuracy }) => evalAccuracy === highest)!;
    const best = { step: first.step, loss: first.evalLoss, metric: 'accuracy', value: highest };
    expect(result.best).toEqual(best);
    expect(result.step).toBe(Math.min(30, first.step + 6));
    expect(result.step).toBeLessThan(30);
    // The lowest loss is another step's, so that it matters what decides.
    const lowest = Math.min(...evaluated.map(({ evalLoss }) => evalLoss));
    expect(evaluated.find(({ evalLoss }) => evalLoss === lowest)!.step).not.toBe(first.step);
    const { progress } = readJson(join(place('accurate'), 'model', 'run.json')) as { progress: TrainProgress };
    expect(progress).toMatchObject({ step: first.step, best });
    expect(await resumeRun(place('accurate'))).toMatchObject({ step: result.step, best, finished: true });
  });

  it('is decided by what evaluations have, and by the same to the end', async () => {
    expect(await errorOf(() => startRun(recipeOf({ best: 'acuracy' }), place('none')))).toMatchObject({
      code: 'TSLM_NO_METRIC',
      exitCode: 2,
      message: "'evaluation.best': evaluations of the objective 'sequence-classification' have no 'acuracy'",
      hint: "did you mean 'accuracy'? they have loss, label, accuracy",
    });
    const error = await errorOf(() => resumeRun(place('accurate'), { set: ['evaluation.best=loss'] }));
    expect(error).toMatchObject({ code: 'TSLM_RECIPE_CHANGED' });
  });
});
