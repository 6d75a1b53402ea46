import { describe, expect, it } from 'vitest';
import { createModel } from '../../src/models/auto.ts';
import { causal, requireCausal } from '../../src/objectives/causal.ts';
import { inferenceMode, scope } from '../../src/torch/index.ts';

const examples = [Uint16Array.of(3, 1, 4, 1, 5), Uint16Array.of(9, 2, 6, 5, 3)];
const sizes = { layers: 1, hidden: 8, heads: 2, context: 4, vocabSize: 11 };

describe('the causal objective', () => {
  it('is for decoders', () => {
    const make = (family: string) => createModel(family, sizes, { seed: 1 });
    for (const family of ['gpt2', 'llama', 'bloom']) requireCausal(make(family), 'x');
    for (const family of ['bert', 't5', 'xlnet']) {
      expect(() => requireCausal(make(family), 'tiny')).toThrow(/^tiny: a \w+ model \(\w+\) does not predict the next/);
    }
  });

  it('needs one token more than the model sees', () => {
    expect(causal.exampleLength(4)).toBe(5);
  });

  it('pairs each token with the next one', () => {
    const { inputIds, targets } = causal.batch(examples, 'cpu');
    expect(inputIds.shape).toEqual([2, 4]);
    expect(inputIds.toNumbers()).toEqual([3, 1, 4, 1, 9, 2, 6, 5]);
    expect(targets.toNumbers()).toEqual([1, 4, 1, 5, 2, 6, 5, 3]);
    expect(causal.count({ inputIds, targets })).toBe(8);
  });

  it('is the mean negative log-likelihood of the next tokens', () => {
    const model = createModel('gpt2', sizes, { seed: 1 }).eval();
    scope(() =>
      inferenceMode(() => {
        const batch = causal.batch(examples, 'cpu');
        const logits = model.forward({ inputIds: batch.inputIds }).logits!.view([8, 11]).toNumbers();
        const targets = batch.targets.toNumbers();
        const losses = targets.map((target, row) => {
          const scores = logits.slice(row * 11, (row + 1) * 11);
          return Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[target];
        });
        const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
        expect(causal.loss(model, batch).item()).toBeCloseTo(mean, 5);
      }),
    );
  });
});
