import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TwoStream } from '../../src/models/families/xlnet/two-stream.ts';
import { tokenLoss } from '../../src/models/losses.ts';
import { applyPermutation, drawTargets, permutation } from '../../src/objectives/permutation.ts';
import { createRandom } from '../../src/support/random.ts';
import { backward, eye, inferenceMode, scope } from '../../src/torch/index.ts';
import { batchOf, evaluate, expectToLearn, TEXT, tinyModel, tokenizers, window } from './helpers.ts';

const tokenizer = tokenizers.wordPiece();
const ids = tokenizer.encodeIds(TEXT);
const rows = [window(ids), window(ids.subarray(5, 18))];
const xlnet = () => tinyModel('xlnet', 'XLNetLMHeadModel', tokenizer.vocabSize);

interface Recorded {
  options: { plm_probability: number; max_span_length: number };
  input_ids: number[][];
  randint: number[][];
  randperm: number[][];
  expect: { input_ids: number[][]; labels: number[][]; perm_mask: number[][][] };
}

describe('permutation language modelling', () => {
  it('makes of drawn numbers what Transformers’ collator does', () => {
    const { permutation: cases } = JSON.parse(readFileSync('test/fixtures/objectives/collators.json', 'utf8')) as {
      permutation: Recorded[];
    };
    for (const { options, input_ids, randint, randperm, expect: expected } of cases) {
      for (const [row, ids] of input_ids.entries()) {
        // There span lengths are drawn from 1 on.
        const drawn = randint[row].map((value, i) => (i % 2 === 0 ? value - 1 : value));
        const settings = { probability: options.plm_probability, maxSpan: options.max_span_length };
        const chosen = drawTargets(ids.length, settings, { below: () => drawn.shift()! });
        const isSpecial = (i: number): boolean => [0, 2, 3].includes(ids[i]);
        const made = applyPermutation(ids, chosen, randperm[row], { isSpecial, maskId: 4 });
        expect(Array.from(made.inputIds)).toEqual(expected.input_ids[row]);
        expect(Array.from(made.labels)).toEqual(expected.labels[row]);
        expect(Array.from(made.permMask)).toEqual(expected.perm_mask[row].flat());
        expect(drawn).toEqual([]);
      }
    }
  });

  it('has an even number of tokens, and sees them unless told to mask targets', () => {
    const objective = permutation({ tokenizer, context: 31 });
    for (const row of rows) {
      const { inputIds, labels } = objective.example(row, createRandom(1));
      expect(inputIds.length % 2).toBe(0);
      expect(inputIds.length).toBeLessThanOrEqual(30);
      for (const [i, label] of labels.entries()) if (label !== -100) expect(inputIds[i]).toBe(label);
    }
    const hidden = permutation({ tokenizer, context: 31 }, { maskTargets: true, probability: 0.5 });
    const { inputIds, labels } = hidden.example(rows[0], createRandom(1));
    for (const [i, label] of labels.entries()) if (label !== -100) expect(inputIds[i]).toBe(tokenizer.maskTokenId);
  });

  it('asks for targets alone, with the loss of asking for every position', () => {
    const objective = permutation({ tokenizer, context: 48 }, { probability: 0.4 });
    const model = xlnet();
    const batch = batchOf(objective, rows);
    const whole = scope(() =>
      inferenceMode(() => {
        const { inputIds, attentionMask, permMask, targetMapping, targets } = batch;
        const [size, time] = inputIds.shape;
        const all = eye(time).unsqueeze(0).expand([size, time, time]);
        const logits = model.eval().forward({ inputIds, attentionMask, permMask, targetMapping: all }).logits!;
        const asked = targetMapping.matmul(logits).flatten({ endDim: 1 }).indexSelect(0, targets.places);
        return tokenLoss(asked, targets.labels).item();
      }),
    );
    expect(evaluate(objective, model, batch).words).toBeCloseTo(whole, 4);
  });

  it('predicts no token from itself, nor from what comes later in the order', () => {
    const objective = permutation({ tokenizer, context: 24 }, { probability: 0.5 });
    // What one layer has seen the next one hands on.
    const model = tinyModel('xlnet', 'XLNetLMHeadModel', tokenizer.vocabSize, { n_layer: 3 }).eval();
    const states = (example: ReturnType<typeof objective.example>) =>
      scope(() =>
        inferenceMode(() => {
          const { targets, ...inputs } = objective.batch([example], 'cpu');
          const { lastHiddenState } = model.backbone.forward(inputs);
          return lastHiddenState.select(0, 0).toArray() as number[][];
        }),
      );
    for (let seed = 1; seed < 6; seed++) {
      const example = objective.example(rows[0], createRandom(seed));
      const time = example.labels.length;
      const targets = [...example.labels.keys()].filter(i => example.labels[i] !== -100);
      expect(targets.length).toBeGreaterThan(4);
      const before = states(example);
      for (const j of targets) {
        const inputIds = example.inputIds.slice();
        inputIds[j] = 77;
        const after = states({ ...example, inputIds });
        for (const [row, i] of targets.entries()) {
          const moved = Math.max(...after[row].map((x, k) => Math.abs(x - before[row][k])));
          if (example.permMask[i * time + j] === 1) expect(moved, `${i} sees ${j}`).toBeLessThan(1e-6);
          else expect(moved, `${i} does not see ${j}`).toBeGreaterThan(1e-5);
        }
      }
      for (const i of targets) {
        expect(example.permMask[i * time + i]).toBe(1);
        for (const j of targets)
          if (i !== j) expect(example.permMask[i * time + j] + example.permMask[j * time + i]).toBe(1);
      }
    }
  });

  describe('with a memory', () => {
    const objective = permutation({ tokenizer, context: 24 }, { memory: 12 });
    const long = window(ids.subarray(0, 36));

    it('has windows that overlap by it, and the tokens before each', () => {
      expect(objective.window! - objective.overlap!).toBe(22);
      const { inputIds, memory } = objective.example(long, createRandom(1));
      expect([...memory]).toEqual([...ids.subarray(0, 12)]);
      expect([...inputIds.subarray(1, -1)]).toEqual([...ids.subarray(12, 12 + inputIds.length - 2)]);
      expect(objective.example(window(ids.subarray(0, 10)), createRandom(1)).memory.length).toBe(0);
    });

    it('sees those as the network’s own memory would have them, and sends no gradients there', () => {
      const model = tinyModel('xlnet', 'XLNetLMHeadModel', tokenizer.vocabSize, { n_layer: 2 });
      const batch = objective.batch([objective.example(long, createRandom(1))], 'cpu');
      const loss = (own: typeof batch): number => evaluate(objective, model, own).words;
      const expected = scope(() =>
        inferenceMode(() => {
          const { memoryIds, targets, ...inputs } = batch;
          const { mems } = model.eval().backbone.forward({ inputIds: memoryIds, useMems: true });
          const { logits } = model.forward({ ...inputs, mems });
          return tokenLoss(logits!.flatten({ endDim: 1 }).indexSelect(0, targets.places), targets.labels).item();
        }),
      );
      expect(loss(batch)).toBeCloseTo(expected, 4);
      expect(Math.abs(loss({ ...batch, memoryIds: undefined }) - expected)).toBeGreaterThan(1e-4);
      // A token that only the memory has learns nothing.
      const read = new Set<number>(objective.example(long, createRandom(1)).inputIds);
      const remembered = [...ids.subarray(0, 12)].filter(id => !read.has(id));
      const untied = tinyModel('xlnet', 'XLNetLMHeadModel', tokenizer.vocabSize, { tie_word_embeddings: false });
      scope(() => backward(objective.means(untied.train(), batch).words));
      const gradient = (untied.backbone as TwoStream).word.weight.grad!.toArray() as number[][];
      expect(remembered.length).toBeGreaterThan(0);
      for (const id of remembered) expect(Math.max(...gradient[id].map(Math.abs)), `token ${id}`).toBe(0);
    });
  });

  it('learns rows by heart', () => {
    expectToLearn(permutation({ tokenizer, context: 24 }, { memory: 12 }), xlnet(), [window(ids.subarray(0, 36))]);
    expectToLearn(permutation({ tokenizer, context: 48 }), xlnet(), rows);
  });
});
