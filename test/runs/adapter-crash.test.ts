/** A run that trains an adapter, killed as a process at random moments: it goes on to the same bits. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { stringify } from 'yaml';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { startRun } from '../../src/runs/run.ts';
import { createRandom } from '../../src/support/random.ts';
import { type Outcome, tslm, tslmJson } from '../helpers/cli.ts';
import { itLong } from '../helpers/long.ts';
import { metricsOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe, tinyRecipeValue } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

vi.setConfig({ testTimeout: 300_000 });
const STEPS = 800;
const folder = scratchFolder();
const place = (name: string): string => join(folder, name);

const lastStep = (run: string): number => {
  const path = join(run, 'metrics.jsonl');
  return existsSync(path) ? (readMetrics(path).at(-1)?.step ?? 0) : 0;
};

/** Starts or resumes `run` and kills it when its log has reached `step`. */
async function kill(args: string[], run: string, step: number): Promise<Outcome> {
  let sent = false;
  return tslm(args, {
    onOutput: async child => {
      if (sent) return;
      sent = true;
      while (lastStep(run) < step && child.exitCode === null) await sleep(2);
      child.kill('SIGKILL');
    },
  });
}

itLong('killed at random moments it loses nothing but time', async () => {
  const corpus = tinyCorpus(place('corpus'));
  await startRun(tinyRecipe(corpus, { train: { steps: 4 } }), place('base'));
  const value = tinyRecipeValue(corpus, {
    model: { from: join(place('base'), 'model'), context: 16 },
    adapter: { method: 'lora', r: 2, dropout: 0.1, init: 'pissa' },
    train: { steps: STEPS },
    evaluation: { every: 50, windows: 4 },
    checkpoints: { every: 20, keep: 1 },
    samples: { prompts: [] },
    log: { every: 7, tensorboard: false },
  });
  const recipe = place('recipe.yaml');
  writeFileSync(recipe, stringify(value));
  const straight = await tslm(['train', recipe, '--out', place('straight')]);
  expect(straight.code, straight.stderr).toBe(0);
  const random = createRandom(5);
  const moments = Array.from({ length: 5 }, () => random.below(0.6 * STEPS)).sort((a, b) => a - b);
  const run = place('killed');
  for (const [i, moment] of moments.entries()) {
    const outcome = await kill(i === 0 ? ['train', recipe, '--out', run] : ['resume', run], run, moment);
    expect(outcome.signal, outcome.stderr).toBe('SIGKILL');
  }
  expect(await tslmJson(['resume', run])).toMatchObject({ finished: true, step: STEPS });
  const weights = (path: string): Buffer => readFileSync(join(path, 'model', 'adapter_model.safetensors'));
  expect(metricsOf(run)).toEqual(metricsOf(place('straight')));
  expect(weights(run).equals(weights(place('straight')))).toBe(true);

  // What came of it is put into its model, as the command line does it.
  const merged = await tslmJson(['merge', run, '--out', place('merged')]);
  expect(merged['largest difference of logits, merged and not']).toBeLessThan(1e-4);
  expect(merged['for comparison, with the adapter and without']).toBeGreaterThan(1e-3);
  const generate = async (...args: string[]): Promise<string> => {
    const { results } = await tslmJson(['generate', ...args, '--prompt', 'ba', '--greedy', '--max-new-tokens', '8']);
    return (results as { text: string }[])[0].text;
  };
  const texts = await Promise.all([
    generate(place('merged')),
    generate(run),
    generate(join(place('base'), 'model'), '--adapter', run),
  ]);
  expect(new Set(texts).size).toBe(1);
});
