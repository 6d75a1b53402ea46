/** A model that learns from what it writes itself: GRPO and RLOO as runs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRecipe } from '../../../src/runs/recipe.ts';
import { resumeRun, startRun } from '../../../src/runs/run.ts';
import { readMetrics } from '../../../src/runs/metrics-log.ts';
import { readSamples } from '../../../src/runs/samples.ts';
import { memoryStats } from '../../../src/torch/index.ts';
import { byteTokenizer, writeFiles } from '../../data/helpers.ts';
import { writeRewards } from '../../helpers/rewards.ts';
import { traceOf } from '../../helpers/runs.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
writeRewards(folder);
byteTokenizer(place('tokenizer'));
const rows = Array.from({ length: 24 }, (_, i) => ({ prompt: `${'xyz'.slice(i % 3)}${i}`, letter: i < 12 ? 'a' : 'b' }));
writeFiles(folder, { 'rows.jsonl': rows.map(row => JSON.stringify(row)).join('\n') });

const recipe = (objective: object, changes: Record<string, object> = {}) =>
  parseRecipe(
    {
      name: 'rollouts',
      data: { train: place('rows.jsonl'), validation: 0.25, tokenizer: place('tokenizer') },
      objective: { name: 'grpo', rewards: place('letters.mjs'), numGenerations: 6, maxNewTokens: 4, ...objective },
      model: { family: 'llama', layers: 1, hidden: 16, heads: 2, context: 12, dropout: 0, ...changes.model },
      train: { steps: 40, batchSize: 8, precision: 'float32', ...changes.train },
      optimizer: { lr: 0.02, weightDecay: 0 },
      schedule: { name: 'constant' },
      evaluation: { every: 20, ...changes.evaluation },
      samples: { every: 20 },
      checkpoints: { every: 20 },
      log: { every: 1, tensorboard: false },
    },
    'rollouts',
  );

describe('a model that learns from its own answers', () => {
  it('writes what is rewarded more and more', async () => {
    const before = memoryStats().tensors;
    await startRun(recipe({}), place('grpo'));
    expect(memoryStats().tensors).toBe(before);
    const lines = readMetrics(join(place('grpo'), 'metrics.jsonl'));
    const rewards = lines.flatMap(({ reward }) => reward ?? []);
    console.log(rewards);
  });
});
