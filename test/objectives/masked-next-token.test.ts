/** Masked next tokens and causal language modelling in one decoder (GPT-BERT). */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scoreTokens } from '../../src/generate/scoring/score-tokens.ts';
import { loadModel, saveModel } from '../../src/models/auto.ts';
import { tokenLoss } from '../../src/models/losses.ts';
import {
  type MaskedNextTokenOptions,
  maskedNextToken,
  maskedNextTokenOptions,
} from '../../src/objectives/masked-next-token.ts';
import { readJson } from '../../src/support/files.ts';
import { createRandom, randomFor } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { inferenceMode, scope, tensor } from '../../src/torch/index.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';
import { batchOf, evaluate, expectToLearn, TEXT, tinyModel, tokenizers, window } from './helpers.ts';

const tokenizer = tokenizers.byteLevel();
const ids = tokenizer.encodeIds(TEXT);
const rows = [window(ids.subarray(0, 20)), window(ids.subarray(3, 20)), window(ids.subarray(7, 28))];
const gpt2 = () => tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize, { n_positions: 64 });
const made = (options: MaskedNextTokenOptions = {}, context = 64) => maskedNextToken({ tokenizer, context }, options);
const exampleOf = (options: MaskedNextTokenOptions, row = rows[0], seed = 1) =>
  made(options).example(row, createRandom(seed));

describe('a window', () => {
  it('that is read both ways has its hidden tokens predicted a position earlier', () => {
    const { isCausal, inputIds, labels } = exampleOf({
      causalShare: 0,
      probability: 0.4,
      maskShare: 1,
      randomShare: 0,
    });
    expect(isCausal).toBe(false);
    const own = Array.from(rows[0].ids);
    expect(inputIds.length).toBe(own.length - 1);
    const hidden = [...inputIds.keys()].filter(t => inputIds[t] === tokenizer.maskTokenId);
    expect(hidden.length).toBeGreaterThan(5);
    expect(hidden).not.toContain(0);
    expect([...labels.keys()].filter(t => labels[t] !== -100)).toEqual(hidden.map(t => t - 1));
    for (const t of hidden) expect(labels[t - 1]).toBe(own[t]);
    expect(inputIds.every((id, t) => hidden.includes(t) || id === own[t])).toBe(true);
  });

  it('that is read causally has every token predicted', () => {
    const { isCausal, inputIds, labels } = exampleOf({ causalShare: 1 });
    const own = Array.from(rows[0].ids);
    expect(isCausal).toBe(true);
    expect([Array.from(inputIds), Array.from(labels)]).toEqual([own.slice(0, -1), own.slice(1)]);
  });

  it('is one or the other by its number, its epoch and the seed, in the share asked for', () => {
    const objective = made();
    const isCausal = (index: number, epoch: number) => objective.example(rows[0], randomFor(7, epoch, index)).isCausal;
    const draws = Array.from({ length: 4000 }, (_, i) => isCausal(i % 1000, Math.floor(i / 1000)));
    expect(Array.from({ length: 50 }, (_, i) => isCausal(i, 0))).toEqual(draws.slice(0, 50));
    const share = draws.filter(Boolean).length / draws.length;
    expect(Math.abs(share - 1 / 16)).toBeLessThan(4 * Math.sqrt((1 / 16) * (15 / 16) * (1 / 4000)));
  });

  it('masks less as the training goes on: 0.30 to 0.15', () => {
    expect(maskedNextTokenOptions.parse({ name: 'masked-next-token' })).toMatchObject({
      probability: { from: 0.3, to: 0.15 },
    });
    const long = window(Array.from({ length: 1001 }, (_, i) => 10 + (i % 400)));
    const objective = made({ causalShare: 0 }, 1000);
    const chosen = (progress?: number) =>
      objective.example(long, createRandom(1), progress).labels.filter(label => label !== -100).length / 1000;
    expect(chosen(0)).toBeCloseTo(0.3, 2);
    expect(chosen(0.5)).toBeCloseTo(0.225, 2);
    expect([chosen(1), chosen()]).toEqual([chosen(1), chosen(1)]);
    expect(chosen(1)).toBeCloseTo(0.15, 2);
  });
});

describe('the loss', () => {
  it('is that of the whole logits, and each window counts alike', () => {
    const objective = made({ causalShare: 0.5, probability: 0.3 });
    const model = gpt2();
    const batch = batchOf(objective, [...rows, ...rows, ...rows], 3);
    const { words, masked, causal } = evaluate(objective, model, batch);
    const counts = objective.counts(batch);
    expect([batch.masked.inputIds.size(0), batch.causal.inputIds.size(0)].every(size => size > 1)).toBe(true);
    expect(counts.words).toBeCloseTo(counts.causal + counts.masked / 0.3, 9);
    expect(words).toBeCloseTo((counts.causal * causal + (counts.masked / 0.3) * masked) / counts.words, 5);
    for (const [part, value] of [
      ['masked', masked],
      ['causal', causal],
    ] as const) {
      const { inputIds, attentionMask, targets } = batch[part];
      const whole = scope(() =>
        inferenceMode(() => {
          const logits = model.eval().forward({ inputIds, attentionMask, isCausal: part === 'causal' }).logits!;
          return tokenLoss(logits.flatten({ endDim: 1 }).indexSelect(0, targets.places), targets.labels).item();
        }),
      );
      expect(value).toBeCloseTo(whole, 5);
    }
  });

  it('of documents that are kept apart is that of each alone', () => {
    const [first, second] = [Array.from(ids.subarray(0, 9)), Array.from(ids.subarray(9, 22))];
    const eos = tokenizer.eosTokenId!;
    const packed = { ids: Uint32Array.from([...first, eos, ...second]), starts: [0, 10] };
    for (const causalShare of [0, 1]) {
      const context = { tokenizer, context: 64, packing: 'documents', endBegins: true } as const;
      const objective = maskedNextToken(context, { causalShare, probability: 0.5, maskShare: 1, randomShare: 0 });
      const model = gpt2();
      const example = objective.example(packed, createRandom(2));
      const together = objective.batch([example], 'cpu');
      // The second begins with the end of the first.
      const cut = (from: number, to?: number) => ({
        ...example,
        inputIds: example.inputIds.slice(from, to),
        labels: example.labels.slice(from, to),
        starts: [],
      });
      const apart = objective.batch([cut(0, 9), cut(9)], 'cpu');
      expect(objective.counts(together)).toEqual(objective.counts(apart));
      expect(evaluate(objective, model, together).words).toBeCloseTo(evaluate(objective, model, apart).words, 5);
    }
  });
});

describe('one set of weights', () => {
  it('learns rows by heart, and tells them both ways', () => {
    const objective = made({ causalShare: 0.5, probability: 0.3 });
    const model = tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize, { n_embd: 32 });
    const texts = [ids.subarray(0, 12)];
    expectToLearn(objective, model, [...texts, ...texts, ...texts, ...texts].map(window), { steps: 60, draws: 60 });
    model.eval();
    const mean = (masked: boolean) => {
      const [scores] = scoreTokens(model, texts, { masked, maskTokenId: tokenizer.maskTokenId });
      return scores.reduce((sum, { logProb }) => sum + logProb, 0) / scores.length;
    };
    // Of words that are equally probable it would be −log of their number.
    expect(mean(true)).toBeGreaterThan(-0.3 * Math.log(tokenizer.vocabSize));
    expect(mean(false)).toBeGreaterThan(-0.3 * Math.log(tokenizer.vocabSize));
  });

  it('is saved as the plain causal model of its family', () => {
    const folder = scratchFolder();
    const model = gpt2();
    saveModel(folder, model);
    const { architectures, model_type } = readJson(join(folder, 'config.json')) as Record<string, unknown>;
    expect([model_type, architectures]).toEqual(['gpt2', ['GPT2LMHeadModel']]);
    expect(loadModel(folder).missing).toEqual([]);
  });

  it('sees what comes after, every position alike, unless it is causal', () => {
    for (const family of ['gpt2', 'llama']) {
      const model = tinyModel(family, family === 'gpt2' ? 'GPT2LMHeadModel' : 'LlamaForCausalLM', 40, {
        ...(family === 'llama' && {
          hidden_size: 16,
          intermediate_size: 24,
          num_hidden_layers: 1,
          num_attention_heads: 2,
        }),
      }).eval();
      const attentionsOf = (isCausal: boolean | undefined) =>
        scope(() =>
          inferenceMode(() => {
            const inputIds = tensor([[5, 9, 3, 7]], { dtype: 'int64' });
            const { attentions } = model.backbone.forward({ inputIds, isCausal, outputAttentions: true });
            return attentions![0].select(0, 0).select(0, 0).toArray() as number[][];
          }),
        );
      for (const row of attentionsOf(false)) {
        expect(row.every(share => share > 0)).toBe(true);
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      }
      expect(attentionsOf(undefined)[0].slice(1)).toEqual([0, 0, 0]);
      expect(attentionsOf(undefined)).toEqual(attentionsOf(true));
    }
  });
});

describe('what does not fit', () => {
  it('is refused', () => {
    const refused = (family: string, architecture: string, more: object = {}) => {
      const model = tinyModel(family, architecture, tokenizer.vocabSize, more);
      return () => maskedNextToken({ tokenizer, context: 16, model });
    };
    expect(refused('bert', 'BertForMaskedLM')).toThrow(/does not predict the next token/);
    const bloom = { hidden_size: 16, n_layer: 1, n_head: 2 };
    expect(refused('bloom', 'BloomForCausalLM', bloom)).toThrow(/cannot see what comes after/);
    const folder = scratchFolder();
    byteTokenizer(folder);
    expect(() => maskedNextToken({ tokenizer: Tokenizer.fromFile(folder), context: 8 })).toThrow(/no mask token/);
  });
});
