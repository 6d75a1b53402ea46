import { describe, expect, it } from 'vitest';
import { createModel } from '../../src/models/auto.ts';
import { type CausalContext, causal as causalObjective, requireCausal } from '../../src/objectives/causal.ts';
import { createRandom } from '../../src/support/random.ts';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { inferenceMode, scope } from '../../src/torch/index.ts';

const causal = causalObjective({ context: 4 });
const random = createRandom(1);
const rows = [Uint16Array.of(3, 1, 4, 1, 5), Uint16Array.of(9, 2, 6, 5, 3)];
const examples = rows.map(ids => causal.example({ ids, starts: [] }, random));
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
    expect([causal.window, causal.overlap]).toEqual([5, 1]);
  });

  it('pairs each token with the next one', () => {
    const batch = causal.batch(examples, 'cpu');
    const { inputIds, targets } = batch;
    expect(inputIds.shape).toEqual([2, 4]);
    expect(inputIds.toNumbers()).toEqual([3, 1, 4, 1, 9, 2, 6, 5]);
    expect(targets.toNumbers()).toEqual([1, 4, 1, 5, 2, 6, 5, 3]);
    expect(causal.counts(batch)).toEqual({ words: 8 });
    expect(batch.documentStarts).toBeUndefined();
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
        expect(causal.means(model, batch).words.item()).toBeCloseTo(mean, 5);
      }),
    );
  });
});

describe('documents of a window', () => {
  const row = { ids: Uint16Array.of(1, 2, 10, 3, 4, 5, 10, 6), starts: [0, 3, 7] };
  const batchOf = (options: Omit<CausalContext, 'context'>) => {
    const objective = causalObjective({ context: 7, ...options });
    return objective.batch([objective.example(row, random)], 'cpu');
  };

  it('are one text in a stream', () => {
    const { targets, documentStarts, words } = batchOf({ packing: 'stream' });
    expect(targets.toNumbers()).toEqual([2, 10, 3, 4, 5, 10, 6]);
    expect([documentStarts, words]).toEqual([undefined, 7]);
  });

  it('end before the next one, whose first token nobody predicts', () => {
    const { targets, documentStarts, words } = batchOf({ packing: 'documents' });
    expect(targets.toNumbers()).toEqual([2, 10, -100, 4, 5, 10, -100]);
    expect(documentStarts!.toNumbers()).toEqual([0, 0, 0, 3, 3, 3, 3]);
    expect(words).toBe(5);
  });

  it('begin with the end of the one before, where nothing else says that a text begins', () => {
    const { targets, documentStarts, words } = batchOf({ packing: 'documents', endBegins: true });
    expect(targets.toNumbers()).toEqual([2, 10, 3, 4, 5, 10, 6]);
    expect(documentStarts!.toNumbers()).toEqual([0, 0, 2, 2, 2, 2, 6]);
    expect(words).toBe(7);
  });
});

describe('filling in the middle', () => {
  const SPECIAL = ['<fim_prefix>', '<fim_suffix>', '<fim_middle>'];
  const tokenizer = {
    eosTokenId: 10,
    tokenToId: (token: string) => (SPECIAL.includes(token) ? 20 + SPECIAL.indexOf(token) : undefined),
  } as unknown as Tokenizer;

  it('rearranges documents, whose borders stay where they are then', () => {
    const objective = causalObjective(
      { context: 16, packing: 'documents', endBegins: true, tokenizer },
      { fillInTheMiddle: { rate: 1, spmRate: 0 } },
    );
    const { ids, starts } = objective.example({ ids: Uint16Array.of(1, 2, 3, 10, 4, 5, 10), starts: [0, 4] }, random);
    expect(ids).toHaveLength(7 + 6);
    expect(ids.filter(id => id < 20 && id !== 10).sort()).toEqual(Uint32Array.of(1, 2, 3, 4, 5));
    for (const id of [20, 21, 22]) expect(ids.filter(one => one === id)).toHaveLength(2);
    expect([ids[6], ids.at(-1)]).toEqual([10, 10]);
    expect(starts).toEqual([6]);
  });

  it('needs tokens for it', () => {
    const bare = { eosTokenId: 10, tokenToId: () => undefined } as unknown as Tokenizer;
    const make = () =>
      causalObjective({ context: 8, tokenizer: bare }, { fillInTheMiddle: { rate: 0.5, spmRate: 0.5 } });
    expect(make).toThrow('no tokens for filling in the middle');
  });
});

it('label smoothing takes part of the loss to say that no token is impossible', () => {
  const model = createModel('gpt2', sizes, { seed: 1 });
  const smoothed = causalObjective({ context: 4 }, { labelSmoothing: 0.1 });
  const batch = smoothed.batch(
    [
      { ...examples[0], ends: [1] },
      { ...examples[1], ids: examples[1].ids.slice(0, 3) },
    ],
    'cpu',
  );
  expect(smoothed.counts(batch)).toEqual({ words: 5, smoothing: 5 });
  expect(smoothed.weights).toEqual({ words: 0.9, smoothing: 0.1 });
  const [found, plain, logits] = scope(() =>
    inferenceMode(() => {
      const { words, smoothing } = smoothed.means(model.eval(), batch);
      const scores = model.forward({ inputIds: batch.inputIds }).logits!.logSoftmax(-1).reshape([-1, 11]);
      const rows = scores.unbind().map(row => Array.from(row.toNumbers()));
      return [
        { words: words.item(), smoothing: smoothing.item() },
        causal.means(model, batch).words.item(),
        rows,
      ] as const;
    }),
  );
  expect(found.words).toBeCloseTo(plain, 5);
  // Places 1 (the next token is hidden), 6 and 7 (padding) do not count.
  const counted = [0, 2, 3, 4, 5].map(place => logits[place].reduce((sum, value) => sum - value / 11, 0));
  expect(found.smoothing).toBeCloseTo(counted.reduce((a, b) => a + b) / 5, 5);
});
