import { describe, expect, it } from 'vitest';
import { loadCompleteModel, saveModel } from '../../src/models/auto.ts';
import { openCheckpoint } from '../../src/models/checkpoint/files.ts';
import { loadCheckpoint } from '../../src/models/checkpoint/load.ts';
import type { Encoder } from '../../src/models/encoder.ts';
import { electraGenerator } from '../../src/models/families/electra/generator.ts';
import { applyReplacement, replacedTokens, sampleAt } from '../../src/objectives/replaced-tokens.ts';
import { createRandom } from '../../src/support/random.ts';
import { backward, scope, tensor } from '../../src/torch/index.ts';
import { scratchFolder } from '../support/scratch.ts';
import { batchOf, expectToLearn, TEXT, tinyModel, tokenizers, window } from './helpers.ts';

const tokenizer = tokenizers.wordPiece();
const ids = tokenizer.encodeIds(TEXT);
const rows = [window(ids), window(ids.subarray(5, 18))];
const discriminator = (more: object = {}) =>
  tinyModel('electra', 'ElectraForPreTraining', tokenizer.vocabSize, { num_attention_heads: 4, ...more });

describe('replaced-token detection', () => {
  it('calls a token that was drawn as it is original', () => {
    const { inputIds, labels } = applyReplacement([5, 6, 7, 8], [1, 3], [6, 9]);
    expect([Array.from(inputIds), Array.from(labels)]).toEqual([
      [5, 6, 7, 9],
      [0, 0, 0, 1],
    ]);
  });

  it('draws each token as often as the generator says', () => {
    const scores = tensor([[0.2, 0.3, 0.5].map(Math.log)]);
    const at = (uniform: number) => sampleAt(scores, tensor([uniform])).item();
    expect([0, 0.19, 0.21, 0.49, 0.51, 0.999999].map(at)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('weighs the discriminator fifty times, over all tokens that are no padding', () => {
    const objective = replacedTokens({ tokenizer, context: 64, model: discriminator() });
    expect(objective.weights).toEqual({ words: 1, replaced: 50 });
    const batch = batchOf(objective, rows);
    expect(objective.counts(batch).replaced).toBe(ids.length + 2 + 13 + 2);
    // Of the chosen 85 % are masked, and the others stay.
    const random = createRandom(5);
    let [masked, chosen] = [0, 0];
    for (let n = 0; n < 400; n++) {
      const { inputIds, ids: own, labels } = objective.example(rows[0], random);
      for (const [i, label] of labels.entries()) {
        if (label === -100) continue;
        chosen++;
        if (inputIds[i] === tokenizer.maskTokenId) masked++;
        else expect(inputIds[i]).toBe(own[i]);
      }
    }
    expect(chosen).toBeGreaterThan(400);
    expect(Math.abs(masked / chosen - 0.85)).toBeLessThan(0.06);
  });

  it('gives the discriminator’s gradient to the generator by the shared vectors alone', () => {
    const model = discriminator();
    const objective = replacedTokens({ tokenizer, context: 64, model });
    const { generator } = objective.companions!;
    scope(() => {
      backward(objective.means(model, batchOf(objective, rows)).replaced);
      const shared = new Set(model.parameters());
      for (const [path, parameter] of generator.namedParameters()) {
        expect(parameter.grad !== undefined, path).toBe(shared.has(parameter) && !path.includes('head'));
      }
    });
  });

  it('has a generator that trains and rests with its discriminator, and may have nothing to fill in', () => {
    const model = discriminator();
    const objective = replacedTokens({ tokenizer, context: 64, model }, { probability: 0 });
    const { generator } = objective.companions!;
    const batch = batchOf(objective, rows);
    for (const isTraining of [true, false]) {
      if (isTraining) model.train();
      else model.eval();
      const means = objective.means(model, batch);
      expect(generator.training).toBe(isTraining);
      expect(Object.keys(means)).toEqual(['replaced']);
      expect(means.replaced.isfinite().item()).toBe(1);
    }
  });

  it('is for ELECTRA', () => {
    const bert = tinyModel('bert', 'BertForMaskedLM', tokenizer.vocabSize);
    expect(() => replacedTokens({ tokenizer, context: 64, model: bert })).toThrow(/ELECTRA/);
  });

  it('learns rows by heart', () => {
    const model = discriminator();
    const objective = replacedTokens({ tokenizer, context: 64, model });
    expectToLearn(objective, model, rows, { steps: 60, lr: 0.01 });
  });
});

describe('the generator', () => {
  it('is a quarter as wide, over the same tables, which keep their values', () => {
    const model = discriminator({ hidden_size: 32 });
    const { embeddings } = model.backbone as Encoder;
    const before = embeddings.word.weight.toNumbers();
    const generator = electraGenerator(model, { seed: 1 });
    expect(generator.backbone.hidden).toBe(8);
    const own = (generator.backbone as Encoder).embeddings;
    expect(own.word).toBe(embeddings.word);
    expect(own.positions).toBe(embeddings.positions);
    expect(own.tokenTypes).toBe(embeddings.tokenTypes);
    expect(embeddings.word.weight.toNumbers()).toEqual(before);
    expect(generator.config).toMatchObject({ hidden_size: 8, num_attention_heads: 1, intermediate_size: 8 });
  });

  it('is saved as a model of its own, and read back beside its discriminator', () => {
    const scratch = scratchFolder();
    const model = discriminator();
    const generator = electraGenerator(model, { seed: 1 });
    saveModel(scratch, generator);
    const alone = loadCompleteModel(scratch);
    const beside = electraGenerator(discriminator(), { seed: 2 });
    loadCheckpoint(beside, openCheckpoint(scratch), { dtype: 'float32', seed: 0 });
    const wanted = new Map(generator.namedParameters());
    for (const other of [alone, beside]) {
      const found = [...other.namedParameters()];
      expect(found.length).toBe(wanted.size);
      for (const [path, parameter] of found) expect(parameter.equal(wanted.get(path)!), path).toBe(true);
    }
    alone.dispose();
  });

  it('is where its discriminator is', () => {
    const model = discriminator().to({ device: 'meta' });
    const generator = electraGenerator(model, { seed: 1 });
    expect(new Set(generator.parameters().map(({ device }) => device))).toEqual(new Set([model.device]));
  });

  it('has heads that divide its width', () => {
    for (const [hidden, heads] of [
      [40, 4],
      [48, 12],
      [12, 2],
    ]) {
      const model = discriminator({ hidden_size: hidden, num_attention_heads: heads });
      expect(() => electraGenerator(model, { seed: 1 })).not.toThrow();
    }
  });
});
