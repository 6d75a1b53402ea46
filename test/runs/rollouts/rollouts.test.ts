/** A model that learns from what it writes itself: GRPO and RLOO as runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMetrics } from '../../../src/runs/metrics-log.ts';
import { parseRecipe } from '../../../src/runs/recipe.ts';
import { resumeRun, startRun } from '../../../src/runs/run.ts';
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
const rows = Array.from({ length: 24 }, (_, i) => ({ prompt: `${'xyz'.slice(i % 3)}${i}`, letter: 'ab'[i % 2] }));
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

/** Lets a run go on, and stops it after some step as a signal does. */
async function stopAfter(step: number, begin: (options: Parameters<typeof resumeRun>[1]) => Promise<unknown>) {
  const controller = new AbortController();
  const onStep = (metrics: { step: number }) => metrics.step === step && controller.abort();
  return begin({ signal: controller.signal, hooks: { onStep } });
}

const meanReward = (run: string, from: number, to: number): number => {
  const lines = readMetrics(join(run, 'metrics.jsonl')).flatMap(({ reward }) => reward ?? []);
  return lines.slice(from, to).reduce((sum, reward) => sum + reward, 0) / (to - from);
};

describe('a model that learns from its own answers', () => {
  it('writes more and more of what is rewarded, and leaves nothing behind', async () => {
    const before = memoryStats().tensors;
    const shown: unknown[] = [];
    const run = await startRun(recipe({}), place('grpo'), { hooks: { onSample: sample => shown.push(sample) } });
    expect(memoryStats().tensors).toBe(before);
    expect(meanReward(place('grpo'), 0, 5)).toBeLessThan(0.05);
    expect(meanReward(place('grpo'), 35, 40)).toBeGreaterThan(0.4);
    const lines = readMetrics(join(place('grpo'), 'metrics.jsonl'));
    expect(lines[0]).toMatchObject({ step: 1, length: expect.any(Number), sameReward: expect.any(Number) });
    // What is held out is answered greedily, and the best model is the one of the highest reward.
    const evaluated = lines.filter(line => 'evalReward' in line);
    expect(evaluated.map(({ step }) => step)).toEqual([20, 40]);
    for (const { evalLoss, evalReward } of evaluated) expect(evalLoss).toBeCloseTo(-evalReward, 6);
    expect(run.best!.loss).toBe(Math.min(...evaluated.map(({ evalLoss }) => evalLoss)));
    const samples = readSamples(join(place('grpo'), 'samples.jsonl'));
    expect(samples).toHaveLength(6);
    expect(samples[5]).toMatchObject({ step: 40, text: expect.any(String), reward: expect.any(Number) });
    expect(shown).toEqual(samples);
  });

  it.each([
    [
      'rloo',
      { name: 'rloo', beta: 0.01, numGenerations: 4, rewards: [place('letters.mjs'), { reward: 'length', most: 3 }] },
    ],
    ['grpo, several updates', { numIterations: 3, beta: 0.02, scaleRewards: 'group' }],
  ])('by %s goes on to the same numbers wherever it was stopped', async (name, objective) => {
    const short = recipe(objective, { train: { steps: 11 }, evaluation: { every: 4 }, model: { dropout: 0.1 } });
    await startRun(short, place(`${name} whole`));
    expect(await stopAfter(4, options => startRun(short, place(name), options))).toMatchObject({ step: 4 });
    expect(await stopAfter(8, options => resumeRun(place(name), options))).toMatchObject({ step: 8 });
    expect(await resumeRun(place(name))).toMatchObject({ step: 11, finished: true });
    expect(traceOf(place(name))).toEqual(traceOf(place(`${name} whole`)));
    const [first] = readMetrics(join(place(name), 'metrics.jsonl'));
    expect(Object.keys(first)).toContain('kl');
    expect(Object.keys(first).some(key => key.startsWith('reward.'))).toBe(name === 'rloo');
  });

  it('with an adapter compares with the model below it', async () => {
    const value = {
      ...recipe({ beta: 0.1 }, { train: { steps: 3 } }),
      model: { from: place('grpo'), context: 12 },
      adapter: { method: 'lora', r: 2 },
    };
    await startRun(parseRecipe({ ...value, objective: recipe({ beta: 0.1 }).objective }, 'adapter'), place('adapter'));
    const kls = readMetrics(join(place('adapter'), 'metrics.jsonl')).flatMap(({ kl }) => kl ?? []);
    expect(kls[0]).toBeCloseTo(0, 6);
    expect(kls[2]).toBeGreaterThan(0);
  });
});

describe('a run whose rewards are no good', () => {
  const failing = (name: string, more: object = {}) =>
    startRun(recipe({ rewards: place(name), ...more }), place(`run-${name}`));

  it('says that all answers have one reward, with three of them', async () => {
    await expect(failing('same.mjs')).rejects.toMatchObject({
      code: 'TSLM_SAME_REWARDS',
      message: expect.stringMatching(
        /^in the last 20 steps 100 % of the prompts had 6 answers of one reward \(0\.250\).*(→.*){3}$/,
      ),
    });
    expect(readMetrics(join(place('run-same.mjs'), 'metrics.jsonl')).at(-1)).toMatchObject({ step: 19, sameReward: 1 });
  });

  it('names the row of a reward that throws, hangs or gives no number', async () => {
    const named = /rows.jsonl: row \d+: the reward /;
    await expect(failing('throws.mjs')).rejects.toThrow(named);
    await expect(failing('nan.mjs')).rejects.toThrow(named);
    await expect(failing('hangs.mjs', { timeLimit: 0.2 })).rejects.toThrow(named);
  });

  it('is refused before anything is written where a file, a column or room for an answer is missing', async () => {
    await expect(failing('absent.mjs')).rejects.toMatchObject({ code: 'TSLM_NO_REWARD' });
    const start = (objective: object) => startRun(recipe(objective), place('refused'));
    await expect(start({ rewards: 'exact' })).rejects.toThrow(/rows.jsonl: row \d+: it has no column 'answer'/);
    await expect(start({ maxNewTokens: 9 })).rejects.toThrow(/an answer of 9 more does not fit into 12/);
    expect(existsSync(place('refused'))).toBe(false);
  });
});
