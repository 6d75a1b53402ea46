/** What is made of an objective's terms over rows that are held out: means, and ratios of sums. */
import { describe, expect, it } from 'vitest';
import { masked } from '../../src/objectives/masked.ts';
import type { AnyObjective } from '../../src/objectives/objective.ts';
import { replacedTokens } from '../../src/objectives/replaced-tokens.ts';
import { createRandom } from '../../src/support/random.ts';
import { inferenceMode, scope, tensor } from '../../src/torch/index.ts';
import { type Estimates, heldOut, withAlso } from '../../src/train/evaluation.ts';
import { type Trainable, wholeModel } from '../../src/train/trainable.ts';
import { TEXT, tinyModel, tokenizers, window } from '../objectives/helpers.ts';

const shared = { dtype: 'float32', device: 'cpu', seed: 3 } as const;
const idle = { model: undefined, run: (body: () => unknown) => body(), train() {}, eval() {} } as unknown as Trainable;

/** Rows are pairs of what is said and what is right. */
const judge: AnyObjective = {
  name: 'judge',
  rows: 'labelled',
  tasks: [],
  weights: { loss1: 1 },
  ratios: {
    precision: { above: { hits: 1 }, below: { said: 1 } },
    f1: { above: { hits: 2 }, below: { said: 1, right: 1 } },
  },
  example: (row: [number, number]) => row,
  lengthOf: () => 1,
  batch: (rows: readonly [number, number][]) => rows,
  counts: (rows: readonly unknown[]) => ({
    loss1: rows.length,
    hits: rows.length,
    said: rows.length,
    right: rows.length,
  }),
  means: (_: unknown, rows: readonly [number, number][]) => {
    const mean = (of: (row: [number, number]) => number) =>
      tensor(rows.reduce((sum, row) => sum + of(row), 0) / rows.length);
    return { loss1: mean(() => 2), hits: mean(([a, b]) => a * b), said: mean(([a]) => a), right: mean(([, b]) => b) };
  },
};

const dataOf = (rows: readonly (readonly [number, number])[]) => ({
  length: rows.length,
  row: (i: number) => rows[i],
  fingerprint: '',
});

describe('ratios', () => {
  it('are of sums over all rows, not means of batches', async () => {
    const random = createRandom(1);
    const rows = Array.from({ length: 37 }, () => [Number(random.next() < 0.3), Number(random.next() < 0.5)] as const);
    for (const batchSize of [1, 4, 37]) {
      const found = await heldOut({ ...shared, objective: judge, data: dataOf(rows), batchSize }).run(idle);
      const count = (of: (a: number, b: number) => boolean) => rows.filter(([a, b]) => of(a, b)).length;
      const [hits, said, right] = [count((a, b) => a + b === 2), count(a => a === 1), count((_, b) => b === 1)];
      const [precision, recall] = [hits / said, hits / right];
      expect(found!.precision.value).toBeCloseTo(precision, 6);
      expect(found!.f1.value).toBeCloseTo((2 * precision * recall) / (precision + recall), 6);
      expect(Object.keys(found!).sort()).toEqual(['f1', 'loss', 'loss1', 'precision']);
    }
  });

  it('are 0 where there is nothing to divide by', async () => {
    const found = await heldOut({ ...shared, objective: judge, data: dataOf([[0, 0]]), batchSize: 2 }).run(idle);
    expect([found!.precision.value, found!.f1.value]).toEqual([0, 0]);
  });
});

it('ELECTRA’s discriminator has precision, recall and F1 of what was replaced', async () => {
  const tokenizer = tokenizers.wordPiece();
  const model = tinyModel('electra', 'ElectraForPreTraining', tokenizer.vocabSize);
  const objective = replacedTokens({ tokenizer, context: 64, model }, { probability: 0.5 });
  const ids = tokenizer.encodeIds(TEXT);
  const rows = [window(ids), window(ids.subarray(3, 20)), window(ids.subarray(7))];
  const data = { length: 3, row: (i: number) => rows[i], fingerprint: '' };
  const trainable = wholeModel(model, objective.companions);
  const results: Estimates[] = [];
  for (const batchSize of [1, 3])
    results.push((await heldOut({ ...shared, objective, data, batchSize }).run(trainable))!);
  for (const name of ['replacedPrecision', 'replacedRecall', 'replacedF1'])
    expect(results[0][name].value).toBeCloseTo(results[1][name].value, 6);
  const { replacedPrecision: p, replacedRecall: r, replacedF1: f, replacedAccuracy: accuracy } = results[0];
  expect([p, r, f].every(({ value }) => value >= 0 && value <= 1)).toBe(true);
  if (p.value + r.value > 0) expect(f.value).toBeCloseTo((2 * p.value * r.value) / (p.value + r.value), 6);
  // What is claimed and what is replaced together say how many are right.
  const random = createRandom(1);
  const batch = objective.batch(
    rows.map(row => objective.example(row, random)),
    'cpu',
  );
  const { found, claimed, replacements, replacedAccuracy } = scope(() =>
    inferenceMode(() => {
      const means = objective.means(model.eval(), batch);
      return Object.fromEntries(Object.entries(means).map(([term, mean]) => [term, mean.item()]));
    }),
  );
  expect(replacedAccuracy).toBeCloseTo(1 - claimed - replacements + 2 * found, 5);
  expect(p.count).toBe(accuracy.count);
  expect(results[0]).not.toHaveProperty('found');
});

it('has the same masks each time', async () => {
  const tokenizer = tokenizers.wordPiece();
  const model = tinyModel('bert', 'BertForMaskedLM', tokenizer.vocabSize);
  const ids = tokenizer.encodeIds(TEXT);
  const data = { length: 2, row: (i: number) => window(ids.subarray(i)), fingerprint: '' };
  const objective = masked({ tokenizer, context: 64 }, { copies: 3 });
  const run = () => heldOut({ ...shared, objective, data, batchSize: 2 }).run(wholeModel(model));
  const first = await run();
  expect(await run()).toEqual(first);
  const other = heldOut({ ...shared, seed: 4, objective, data, batchSize: 2 });
  expect(await other.run(wholeModel(model))).not.toEqual(first);
});

it('more is measured beside, and may be stopped', async () => {
  const evaluation = heldOut({ ...shared, objective: judge, data: dataOf([[1, 1]]), batchSize: 2 });
  const also = withAlso(evaluation, async () => ({ other: { value: 4, count: 1 } }));
  expect(await also.run(idle)).toMatchObject({ loss: { value: 2 }, other: { value: 4 } });
  expect([also.metric, also.better]).toEqual(['loss', 'lower']);
  expect(await withAlso(evaluation, async () => undefined).run(idle)).toBeUndefined();
});
