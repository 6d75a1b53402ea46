/** The mean of log² Z beside the loss of words. */
import { describe, expect, it } from 'vitest';
import { createModel } from '../../src/models/auto.ts';
import { causal } from '../../src/objectives/causal.ts';
import type { AnyObjective } from '../../src/objectives/objective.ts';
import { createRandom } from '../../src/support/random.ts';
import { backward, inferenceMode, scope } from '../../src/torch/index.ts';

const VOCAB = 11;
const CONTEXT = 6;
const rows = [
  { ids: Uint16Array.of(1, 2, 3, 4, 5, 6, 7), starts: [] },
  { ids: Uint16Array.of(3, 1, 4, 1, 5, 9, 2), starts: [3] },
];
const modelOf = () => {
  const sizes = { layers: 1, hidden: 16, heads: 2, context: CONTEXT, vocabSize: VOCAB };
  const model = createModel('gpt2', sizes, { seed: 1 });
  for (const parameter of model.parameters()) parameter.replace(parameter.detach().mul(8)); // so that Z is far from its start
  return model;
};
const batchOf = (objective: AnyObjective) =>
  objective.batch(
    rows.map(row => objective.example(row, createRandom(1))),
    'cpu',
  );

describe('z-loss', () => {
  const packing = 'documents';
  const objective = causal({ context: CONTEXT, packing }, { zLoss: 0.3 });

  it('is a term of its own, over the words that count', () => {
    const model = modelOf();
    const batch = batchOf(objective);
    const logits = inferenceMode(
      () => model.forward({ inputIds: batch.inputIds, documentStarts: batch.documentStarts }).logits!,
    );
    const values = logits.toNumbers() as ArrayLike<number>;
    const targets = batch.targets.toNumbers() as ArrayLike<bigint>;
    let [sum, words, count] = [0, 0, 0];
    for (let place = 0; place < 2 * CONTEXT; place++) {
      const target = Number(targets[place]);
      if (target < 0) continue;
      const scores = Array.from({ length: VOCAB }, (_, i) => values[place * VOCAB + i]);
      const logZ = Math.log(scores.reduce((all, score) => all + Math.exp(score), 0));
      sum += logZ ** 2;
      words += logZ - scores[target];
      count++;
    }
    expect(count).toBe(11);
    expect(objective.counts(batch)).toEqual({ words: 11, zLoss: 11 });
    expect(objective.weights).toEqual({ words: 1, zLoss: 0.3 });
    const means = inferenceMode(() => objective.means(model, batch));
    expect(means.zLoss.item()).toBeCloseTo(sum / count, 4);
    expect(means.words.item()).toBeCloseTo(words / count, 4);
  });

  it('has the gradient of its value', () => {
    const model = modelOf();
    const batch = batchOf(objective);
    const loss = (): number => inferenceMode(() => objective.means(model, batch).zLoss.item());
    scope(() => backward(objective.means(model, batch).zLoss));
    for (const parameter of model.parameters().filter(({ grad }) => grad !== undefined)) {
      const gradient = parameter.grad!.toNumbers() as number[];
      const at = gradient.reduce((best, value, i) => (Math.abs(value) > Math.abs(gradient[best]) ? i : best), 0);
      const step = 1e-2;
      const values = Float32Array.from(parameter.toNumbers() as number[]);
      const difference = [step, -step].map(change => {
        const flat = parameter.detach().view([-1]).narrow(0, at, 1);
        flat.fill_(values[at] + change);
        const value = loss();
        flat.fill_(values[at]);
        return value;
      });
      const slope = (difference[0] - difference[1]) / (2 * step);
      expect(Math.abs(slope - gradient[at])).toBeLessThan(0.02 * Math.max(0.1, Math.abs(slope)));
    }
  });
});
