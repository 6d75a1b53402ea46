import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/rows/dataset.ts';
import type { Rows } from '../../src/data/rows/rows.ts';
import { createModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { causal } from '../../src/objectives/causal.ts';
import { createRandom } from '../../src/support/random.ts';
import { manualSeed } from '../../src/torch/index.ts';
import { heldOut } from '../../src/train/evaluation.ts';
import { type StepMetrics, type TrainLoop, trainLoop } from '../../src/train/loop.ts';
import { adamW } from '../../src/train/optimizers/adamw.ts';
import { createSampler } from '../../src/train/sampler.ts';
import { wholeModel } from '../../src/train/trainable.ts';

const VOCAB = 13;
const CONTEXT = 8;

/** Numbers that follow one another, so that there is something to learn. */
function examples(count: number): Dataset<Rows['tokens']> {
  const random = createRandom(5);
  const rows = Array.from({ length: count }, () => {
    const start = random.below(VOCAB);
    // Some windows hold two documents.
    const starts = random.below(3) === 0 ? [1 + random.below(CONTEXT - 1)] : [];
    return {
      ids: Uint16Array.from({ length: CONTEXT + 1 }, (_, i) => (start + i * (1 + (start % 2))) % VOCAB),
      starts,
    };
  });
  return { length: count, row: index => rows[index], fingerprint: '' };
}

interface Result {
  steps: StepMetrics[];
  evaluations: [step: number, loss: number][];
  weights: number[][];
  done: number;
}

interface Changes extends Partial<TrainLoop> {
  dropout?: number;
  lr?: number;
  batchSize?: number;
  evaluateEvery?: number;
}

async function train(changes: Changes = {}): Promise<Result> {
  const { dropout = 0, lr = 0.01, batchSize = 4, evaluateEvery = 0, ...rest } = changes;
  manualSeed(1);
  const sizes = { layers: 1, hidden: 16, heads: 2, context: CONTEXT, vocabSize: VOCAB };
  const model = createModel('gpt2', sizes, { seed: 1, dropout });
  const data = examples(64);
  const objective = causal({ context: CONTEXT, packing: 'documents' });
  const steps: StepMetrics[] = [];
  const evaluations: [number, number][] = [];
  const parts = rest.gradientAccumulation ?? 1;
  const evaluation = heldOut({
    objective,
    data: examples(6),
    batchSize: 4,
    dtype: rest.dtype ?? 'float32',
    device: 'cpu',
    seed: 1,
  });
  const done = await trainLoop({
    trainable: wholeModel(model),
    objective,
    data,
    sampler: createSampler({ length: data.length, seed: 1, batchSize, parts }),
    seed: 1,
    optimizer: adamW([...model.namedParameters()], { weightDecay: 0.1 }),
    schedule: () => lr,
    startStep: 0,
    steps: 6,
    clipGradNorm: 1,
    dtype: 'float32',
    device: 'cpu',
    evaluations: [{ evaluation, every: evaluateEvery }],
    ...rest,
    hooks: {
      onStep: metrics => steps.push(metrics),
      onEvaluate: (step, _, { loss }) => evaluations.push([step, loss.value]),
      ...rest.hooks,
    },
  });
  return { steps, evaluations, weights: weightsOf(model), done };
}

const weightsOf = (model: Model): number[][] => model.parameters().map(parameter => parameter.toNumbers());
const losses = ({ steps }: Result): number[] => steps.map(({ loss }) => loss);
const largestDifference = (a: number[][], b: number[][]): number =>
  Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - b[i][j]))));

describe('the training loop', () => {
  it('learns, and reports each step', async () => {
    const result = await train({ steps: 60, schedule: step => 0.01 * (1 - step / 60) });
    expect(result.done).toBe(60);
    expect(losses(result)[0]).toBeCloseTo(Math.log(VOCAB), 1);
    expect(losses(result).at(-1)).toBeLessThan(1);
    expect(result.steps.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(result.steps[0]).toMatchObject({ lr: 0.01, tokens: 4 * CONTEXT, terms: { words: losses(result)[0] } });
    expect(result.steps[30].lr).toBeCloseTo(0.005, 10);
  });

  it('gives the same numbers when it is run again', async () => {
    const [one, two] = [await train({ dropout: 0.3 }), await train({ dropout: 0.3 })];
    expect(losses(two)).toEqual(losses(one));
    expect(two.weights).toEqual(one.weights);
  });

  it('accumulates gradients as if the batch were larger', async () => {
    const whole = await train({ batchSize: 8 });
    const parts = await train({ batchSize: 2, gradientAccumulation: 4 });
    expect(parts.steps.map(({ tokens }) => tokens)).toEqual(whole.steps.map(({ tokens }) => tokens));
    for (const [i, loss] of losses(whole).entries()) {
      expect(losses(parts)[i]).toBeCloseTo(loss, 5);
      expect(parts.steps[i].gradNorm).toBeCloseTo(whole.steps[i].gradNorm, 4);
    }
    // Adam turns the rounding of a gradient near zero into a visible step.
    expect(largestDifference(parts.weights, whole.weights)).toBeLessThan(1e-3);
    const other = await train({ batchSize: 2 });
    expect(largestDifference(other.weights, whole.weights)).toBeGreaterThan(1e-2);
  });

  it('clips gradients, and reports their norm before that', async () => {
    const [free, tight] = [await train({ steps: 3, clipGradNorm: 0 }), await train({ steps: 3, clipGradNorm: 1e-9 })];
    expect(tight.steps[0].gradNorm).toBe(free.steps[0].gradNorm);
    expect(free.steps[0].gradNorm).toBeGreaterThan(0.1);
    // With gradients far below ε, Adam stands almost still; only decay moves the matrices.
    const start = await train({ steps: 0 });
    expect(largestDifference(tight.weights, start.weights)).toBeLessThan(0.005);
    expect(largestDifference(free.weights, start.weights)).toBeGreaterThan(0.02);
  });

  it('in bfloat16 stays close to float32', async () => {
    const [exact, mixed] = [await train({ steps: 20 }), await train({ steps: 20, dtype: 'bfloat16' })];
    expect(losses(mixed)).not.toEqual(losses(exact));
    for (const [i, loss] of losses(exact).entries()) expect(Math.abs(losses(mixed)[i] - loss)).toBeLessThan(0.05);
  });

  it('drops activations in training and not in evaluation', async () => {
    const runs = [await train({ dropout: 0 }), await train({ dropout: 0.5 })];
    expect(losses(runs[1])[0]).not.toBe(losses(runs[0])[0]);
    // Nothing learned yet: with lr 0 the evaluations of both models are of the same weights.
    const plain = await train({ dropout: 0, lr: 0, evaluateEvery: 2 });
    const dropped = await train({ dropout: 0.5, lr: 0, evaluateEvery: 2 });
    expect(dropped.evaluations).toEqual(plain.evaluations);
    expect(new Set(dropped.evaluations.map(([, loss]) => loss)).size).toBe(1);
    // After an evaluation dropout is on again.
    expect(losses(dropped)[4]).not.toBe(losses(plain)[4]);
  });

  it('evaluates when asked to, always at the end, and without touching the training', async () => {
    const often = await train({ dropout: 0.2, steps: 7, evaluateEvery: 3 });
    const seldom = await train({ dropout: 0.2, steps: 7, evaluateEvery: 0 });
    expect(often.evaluations.map(([step]) => step)).toEqual([3, 6, 7]);
    expect(seldom.evaluations).toEqual(often.evaluations.slice(-1));
    expect(losses(often)).toEqual(losses(seldom));
  });

  it('stops after the step in progress when it is asked to', async () => {
    const controller = new AbortController();
    const ends: number[] = [];
    const result = await train({
      steps: 50,
      signal: controller.signal,
      hooks: {
        onStepEnd: step => {
          ends.push(step);
          if (step === 3) controller.abort();
        },
      },
    });
    expect(result.done).toBe(3);
    expect(ends).toEqual([1, 2, 3]);
  });

  it('says so when training diverges, before the weights are touched by what is no number', async () => {
    const steps: number[] = [];
    const run = train({ lr: 1e30, steps: 10, hooks: { onStep: ({ step }) => steps.push(step) } });
    await expect(run).rejects.toMatchObject({
      code: 'TSLM_DIVERGED',
      exitCode: 1,
      hint: expect.stringContaining('lr'),
    });
    expect(steps.length).toBeLessThan(10);
  });
});
