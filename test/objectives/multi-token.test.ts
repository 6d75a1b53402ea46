/** Several tokens ahead at once: the objective, its heads on disk, and what they guess for their own model. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import { generate } from '../../src/generate/generate.ts';
import { loadModel } from '../../src/models/auto.ts';
import { tokenLoss } from '../../src/models/losses.ts';
import type { Model } from '../../src/models/model.ts';
import { loadMultiTokenHeads, MultiTokenHeads } from '../../src/models/multi-token-heads.ts';
import { type MultiTokenOptions, multiToken } from '../../src/objectives/multi-token.ts';
import {
  backward,
  inferenceMode,
  loadSafetensors,
  memoryStats,
  resetPeakMemory,
  scope,
} from '../../src/torch/index.ts';
import { wholeModel } from '../../src/train/trainable.ts';
import { scratchFolder } from '../support/scratch.ts';
import { batchOf, evaluate, expectToLearn, TEXT, tinyModel, tokenizers, window } from './helpers.ts';

const tokenizer = tokenizers.byteLevel();
const ids = tokenizer.encodeIds(TEXT);
const rows = [window(ids.subarray(0, 24)), window(ids.subarray(3, 20)), window(ids.subarray(7, 31))];
const llama = { hidden_size: 16, intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 2 };
const modelOf = (family: 'gpt2' | 'llama', more: object = {}): Model =>
  family === 'gpt2'
    ? tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize, { n_layer: 2, n_positions: 64, ...more })
    : tinyModel('llama', 'LlamaForCausalLM', tokenizer.vocabSize, { ...llama, initializer_range: 0.1, ...more });
const objectiveOf = (model: Model, options: MultiTokenOptions = {}, context = 20) =>
  multiToken({ tokenizer, context, model }, options);
const headsOf = (objective: ReturnType<typeof multiToken>) => objective.companions!['multi-token'] as MultiTokenHeads;

describe('a window', () => {
  it('has as many targets at each position as are predicted', () => {
    const objective = objectiveOf(modelOf('gpt2'), { tokens: 3 }, 8);
    expect([objective.window, objective.overlap]).toEqual([11, 3]);
    const batch = batchOf(objective, [window([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), window([1, 2, 3, 4])]);
    expect((batch.inputIds.toArray() as bigint[][]).map(row => row.map(Number))).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [1, 2, 3, tokenizer.padTokenId, ...new Array(4).fill(tokenizer.padTokenId)],
    ]);
    const shown = batch.targets.map(one => (one.toArray() as bigint[][]).map(row => row.map(Number)));
    const none = [-100, -100, -100, -100];
    expect(shown[0]).toEqual([
      [2, 3, 4, 5, 6, 7, 8, 9],
      [2, 3, 4, -100, ...none],
    ]);
    expect(shown[2]).toEqual([
      [4, 5, 6, 7, 8, 9, 10, 11],
      [4, -100, -100, -100, ...none],
    ]);
    expect(batch.words).toEqual([11, 10, 9]);
    expect(objective.weights).toEqual({ words: 1, words2: 1, words3: 1 });
  });

  it('predicts no token of another document', () => {
    const model = modelOf('gpt2');
    for (const [endBegins, begins, next] of [
      // The end of a document is predicted by it, and begins the next one.
      [true, 4, [4, 5, 6, 7, 8, 9]],
      [false, 5, [4, 5, 6, 7, -100, 9]],
    ] as const) {
      const objective = multiToken({ tokenizer, context: 8, model, packing: 'documents', endBegins }, { tokens: 2 });
      const row = { ids: Uint32Array.from([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), starts: [0, 5] };
      const { targets, documentStarts } = batchOf(objective, [row]);
      const [first, second] = targets.map(one => Array.from(one.toNumbers()).slice(0, 6));
      expect(first).toEqual(next);
      expect(second).toEqual(endBegins ? [5, 6, 7, -100, 9, 10] : [5, 6, 7, -100, -100, 10]);
      const starts = Array.from({ length: 8 }, (_, t) => (t < begins ? 0 : begins));
      expect(Array.from(documentStarts!.toNumbers())).toEqual(starts);
    }
  });
});

describe('the loss', () => {
  it('is that of each head, whose logits are not kept', () => {
    for (const family of ['gpt2', 'llama'] as const) {
      const model = modelOf(family);
      const objective = objectiveOf(model);
      const heads = headsOf(objective);
      const batch = batchOf(objective, rows);
      const means = evaluate(objective, model, batch);
      const expected = scope(() =>
        inferenceMode(() => {
          const { lastHiddenState, hiddenStates } = model.backbone.forward({
            inputIds: batch.inputIds,
            outputHiddenStates: true,
          });
          const all = [lastHiddenState, ...heads.blocks.map(block => heads.states(block, hiddenStates!.at(-2)!))];
          return all.map((states, i) => tokenLoss(heads.scores(states), batch.targets[i]).item());
        }),
      );
      for (const [i, value] of expected.entries())
        expect(means[i === 0 ? 'words' : `words${i + 1}`]).toBeCloseTo(value, 5);
      // A block begins as a copy of the last one: it says of the token after the next what that says of the next.
      const trained = scope(() =>
        Object.entries(objective.means(model.train(), batch)).map(([term, mean]) => [term, mean.item()] as const),
      );
      for (const [term, value] of trained) expect(value).toBeCloseTo(means[term], 5);
    }
  });

  it('takes memory for the logits of one or two tokens, however many are predicted', () => {
    const model = tinyModel('gpt2', 'GPT2LMHeadModel', 20_000, { n_positions: 64 });
    const peakOf = (tokens: number): number => {
      const objective = objectiveOf(model, { tokens }, 40);
      const batch = batchOf(objective, [window(Array.from({ length: 48 }, (_, i) => i))]);
      resetPeakMemory();
      const before = memoryStats().liveBytes;
      scope(() => backward(Object.values(objective.means(model.train(), batch)).reduce((a, b) => a.add(b))));
      model.zeroGrad();
      return memoryStats().peakBytes - before;
    };
    peakOf(2);
    expect(peakOf(8)).toBeLessThan(1.3 * peakOf(2));
  });

  it('learns rows by heart, further tokens too', () => {
    const model = modelOf('gpt2');
    const objective = objectiveOf(model, { tokens: 3 });
    expectToLearn(objective, model, rows.slice(0, 2), { steps: 60 });
  });

  it('is for decoders', () => {
    const bert = tinyModel('bert', 'BertForMaskedLM', tokenizer.vocabSize);
    expect(() => objectiveOf(bert)).toThrow(/predicted by decoders, and this is a bert model/);
  });
});

describe('the heads', () => {
  it('lie in a file of their own under the names of further blocks, beside the plain model', () => {
    for (const family of ['gpt2', 'llama'] as const) {
      const folder = scratchFolder();
      const model = modelOf(family);
      const objective = objectiveOf(model, { tokens: 3 });
      const trainable = wholeModel(model, objective.companions);
      trainable.save(folder);
      const { missing, unexpected } = loadModel(folder);
      expect([missing, unexpected]).toEqual([[], []]);
      expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors', 'multi-token']);
      const keys = scope(() => [...loadSafetensors(join(folder, 'multi-token/multi_token_heads.safetensors')).keys()]);
      const prefix = family === 'gpt2' ? 'transformer.h.' : 'model.layers.';
      expect(keys.every(key => key.startsWith(`${prefix}2.`) || key.startsWith(`${prefix}3.`))).toBe(true);
      const loaded = loadMultiTokenHeads(join(folder, 'multi-token'), model);
      const own = headsOf(objective).parameters();
      expect(loaded.tokens).toBe(3);
      for (const [i, parameter] of loaded.parameters().entries()) expect(parameter.equal(own[i])).toBe(true);
      const names = trainable.namedParameters().map(([name]) => trainable.keyOf(name));
      expect(names).toEqual(expect.arrayContaining(keys.map(key => `multi-token.${key}`)));
      const wider = modelOf(family, family === 'gpt2' ? { n_embd: 8 } : { intermediate_size: 48 });
      expect(() => loadMultiTokenHeads(join(folder, 'multi-token'), wider)).toThrow(/not the heads of such a model/);
    }
  });
});

describe('guesses of the model’s own heads', () => {
  const textsOf = (model: Model, prompts: number[][], options: object, assistant?: MultiTokenHeads) => {
    const told = { made: 0, right: 0 };
    const config = resolveGenerationConfig(
      { maxNewTokens: 24, eosTokenId: [], ...options },
      { defaults: {}, where: 'x' },
    );
    const onGuesses = (made: number, right: number) => {
      told.made += made;
      told.right += right;
    };
    const texts: number[][] = [];
    for (const tokens of generate(model, prompts, config, { assistant, onGuesses })) {
      for (const { row, id } of tokens) texts[row] = [...(texts[row] ?? []), id];
    }
    return { texts, ...told };
  };

  it.each([
    'gpt2',
    'llama',
  ] as const)('give the greedy text of %s, token for token, and are right where they have learnt', family => {
    const model = modelOf(family);
    const objective = objectiveOf(model, { tokens: 4 });
    const heads = headsOf(objective);
    const prompts = [Array.from(ids.subarray(0, 5)), Array.from(ids.subarray(9, 11)), [7]];
    const before = memoryStats().tensors;
    const check = (options: object, after = prompts) => {
      const plain = textsOf(model.eval(), after, options);
      const assisted = textsOf(model, after, options, heads.eval());
      expect(assisted.texts).toEqual(plain.texts);
      return assisted;
    };
    const untrained = check({});
    expect(untrained.made).toBeGreaterThan(0);
    expect(memoryStats().tensors).toBe(before);
    check({ repetitionPenalty: 1.3, assistantConfidenceThreshold: 0 });
    check({ eosTokenId: [textsOf(model, prompts, {}).texts[0][7]], assistantConfidenceThreshold: 0 });
    expectToLearn(objective, model, rows.slice(0, 1), { steps: 60, factor: 0.4 });
    const trained = check({ maxNewTokens: 14 }, prompts.slice(0, 1));
    expect(trained.right / trained.made).toBeGreaterThan(0.5);
    expect(trained.right).toBeLessThanOrEqual(trained.made);
  });

  it('follow the distribution where tokens are drawn', () => {
    const model = modelOf('gpt2', { vocab_size: 12 }).eval();
    const heads = new MultiTokenHeads(model, 2).copyLast().eval();
    const options = { doSample: true, temperature: 1, topK: 0, maxNewTokens: 3, assistantConfidenceThreshold: 0 };
    const counts = (assistant?: MultiTokenHeads) => {
      const found = new Map<number, number>();
      for (let seed = 0; seed < 400; seed += 8) {
        const many = { ...options, numReturnSequences: 8, seed };
        for (const text of textsOf(model, [[3, 5]], many, assistant).texts)
          found.set(text[2], (found.get(text[2]) ?? 0) + 1);
      }
      return found;
    };
    const [plain, assisted] = [counts(), counts(heads)];
    for (let id = 0; id < 12; id++) {
      const [a, b] = [plain, assisted].map(one => one.get(id) ?? 0);
      expect(Math.abs(a - b)).toBeLessThan(4.5 * Math.sqrt(a + b + 1));
    }
  });
});
