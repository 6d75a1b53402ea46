/** Scores of given texts against one forward pass for each token. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pseudoPerplexity } from '../../../src/generate/scoring/pseudo-perplexity.ts';
import type { ScoreOptions } from '../../../src/generate/scoring/score-options.ts';
import { scoreTokens } from '../../../src/generate/scoring/score-tokens.ts';
import { loadCompleteModel } from '../../../src/models/auto.ts';
import type { Model, ModelInputs } from '../../../src/models/model.ts';
import { readJson } from '../../../src/support/files.ts';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { inferenceMode, memoryStats, scope, tensor } from '../../../src/torch/index.ts';
import { describeShared } from '../../helpers/shared.ts';
import { randomModel } from '../../models/families/helpers.ts';
import { tinyConfigs } from '../../models/tiny-configs.ts';

const modelOf = (type: string, more: object = {}): Model =>
  randomModel({ model_type: type, ...tinyConfigs[type], ...more });

const texts = [[5, 9, 3, 7, 7, 1], [4, 30], [12, 11, 10, 9, 8, 7, 6, 5, 4, 3], [6]];
const sources = [[9, 8, 7], [3, 3, 3, 3, 3, 3], [20], [5, 6]];

/** log p(· | what was read), at one place: [vocab] */
function logProbsAt(model: Model, inputs: Record<string, number[]>, at = -1, more: ModelInputs = {}): number[] {
  return scope(() =>
    inferenceMode(() => {
      const tensors = Object.entries(inputs).map(([name, ids]) => [name, tensor([ids], { dtype: 'int64' })]);
      return model
        .forward({ ...more, ...Object.fromEntries(tensors) })
        .logits!.select(1, at)
        .logSoftmax(-1)
        .toNumbers();
    }),
  );
}

function check(model: Model, expected: number[][][], options: ScoreOptions, from: number, of = texts): void {
  for (const batchSize of [1, 3]) {
    const scores = scoreTokens(model, of, { ...options, topK: 4, batchSize });
    for (const [row, ids] of of.entries()) {
      expect(scores[row].map(({ id }) => id)).toEqual(ids.slice(from));
      expect(scores[row].map(({ position }) => position)).toEqual(ids.map((_, i) => i).slice(from));
      for (const [i, { id, logProb, top }] of scores[row].entries()) {
        const all = expected[row][i];
        expect(Math.abs(logProb - all[id])).toBeLessThan(1e-4);
        const best = [...all.keys()].sort((a, b) => all[b] - all[a]).slice(0, 4);
        expect(top!.map(one => one.id)).toEqual(best);
        for (const one of top!) expect(Math.abs(one.logProb - all[one.id])).toBeLessThan(1e-4);
      }
    }
  }
}

describe('a decoder', () => {
  const longrope = {
    original_max_position_embeddings: 6,
    rope_scaling: { type: 'longrope', short_factor: [1, 1], long_factor: [3, 5] },
  };
  it.each([
    ['gpt2', {}],
    ['llama', {}],
    ['bloom', {}],
    ['gemma2', {}],
  ])('%s finds in one pass what a pass for each token finds', (type, more) => {
    using model = modelOf(type, more);
    const before = memoryStats().liveBytes;
    const expected = texts.map(ids => ids.slice(1).map((_, i) => logProbsAt(model, { inputIds: ids.slice(0, i + 1) })));
    check(model, expected, {}, 1);
    expect(memoryStats().liveBytes).toBe(before);
  });

  it('whose angles depend on the length reads each text by itself', () => {
    using model = modelOf('phi3', longrope);
    const together = scoreTokens(model, texts, { batchSize: 4 });
    for (const [row, ids] of texts.entries()) expect(together[row]).toEqual(scoreTokens(model, [ids])[0]);
  });

  it('reads a long text in windows, each token after as many others as it may', () => {
    using model = modelOf('gpt2', { n_positions: 6 });
    const ids = Array.from({ length: 23 }, (_, i) => 3 + ((i * i) % 30));
    for (const [stride, shortest] of [
      [undefined, 4],
      [1, 6],
      [6, 1],
      [4, 3],
    ] as const) {
      const [scores] = scoreTokens(model, [ids], { stride });
      expect(scores.map(({ position }) => position)).toEqual(ids.map((_, i) => i).slice(1));
      for (const { position, id, logProb } of scores) {
        // The context that it was found in is one of those that are long enough.
        const possible = Array.from({ length: 7 }, (_, n) => n).filter(
          n => n >= Math.min(shortest, position) && n <= position,
        );
        const found = possible.map(n => logProbsAt(model, { inputIds: ids.slice(position - n, position) })[id]);
        expect(Math.min(...found.map(x => Math.abs(x - logProb)))).toBeLessThan(1e-4);
      }
    }
    expect(() => scoreTokens(model, [ids], { stride: 7 })).toThrow(/a stride of 7 would leave tokens out/);
  });
});

describe('a decoder that reads both ways', () => {
  it.each(['gpt2', 'llama', 'qwen3'])('%s finds each token but the first from all others', type => {
    using model = modelOf(type);
    const MASK = 36;
    const expected = texts.map(ids =>
      ids.slice(1).map((_, i) => logProbsAt(model, { inputIds: ids.with(i + 1, MASK) }, i, { isCausal: false })),
    );
    check(model, expected, { masked: true, maskTokenId: MASK }, 1);
    const causal = scoreTokens(model, texts);
    expect(scoreTokens(model, texts, { masked: false })).toEqual(causal);
    expect(scoreTokens(model, texts, { masked: true, maskTokenId: MASK })).not.toEqual(causal);
  });

  it('is none whose attention is about what came before, and no other model has the choice', () => {
    const options = { masked: true, maskTokenId: 36 };
    for (const type of ['bloom', 'gemma2']) {
      using model = modelOf(type);
      expect(() => scoreTokens(model, texts, options), type).toThrow(/cannot see what comes after/);
    }
    using bart = modelOf('bart');
    expect(() => scoreTokens(bart, texts, { ...options, sources })).toThrow(/does not find hidden tokens/);
    using bert = randomModel({ model_type: 'bert', ...tinyConfigs.bert, architectures: ['BertForMaskedLM'] });
    expect(() => scoreTokens(bert, texts, { ...options, masked: false })).toThrow(/needs its tokens hidden/);
  });
});

describe('an encoder–decoder', () => {
  it.each([
    ['t5', 0],
    ['bart', 2],
  ])('%s scores answers to what it has read', (type, start) => {
    using model = modelOf(type);
    const expected = texts.map((ids, row) =>
      ids.map((_, i) => logProbsAt(model, { inputIds: sources[row], decoderInputIds: [start, ...ids.slice(0, i)] })),
    );
    check(model, expected, { sources }, 0);
    expect(() => scoreTokens(model, texts)).toThrow(/give 'sources'|there is no input/);
  });
});

describe('a masked language model', () => {
  it.each(['bert', 'roberta'])('%s finds each token from all others', type => {
    using model = randomModel({
      model_type: type,
      ...tinyConfigs[type],
      architectures: [type === 'bert' ? 'BertForMaskedLM' : 'RobertaForMaskedLM'],
    });
    const MASK = 36;
    const expected = texts.map(ids => ids.map((_, i) => logProbsAt(model, { inputIds: ids.with(i, MASK) }, i)));
    check(model, expected, { maskTokenId: MASK }, 0);
    const [scores] = scoreTokens(model, [[1, 5, 2]], { maskTokenId: MASK, skippedIds: [1, 2] });
    expect(scores.map(({ id }) => id)).toEqual([5]);
    expect(() => scoreTokens(model, texts)).toThrow(/hidden behind a mask token/);
  });
});

describe('pseudo-perplexity', () => {
  it('is that of all tokens together, each hidden in turn, special ones left out', () => {
    const tokenizer = Tokenizer.fromFile('test/fixtures/tokenizers/wordpiece_bert');
    const { maskTokenId: mask, vocabSize } = tokenizer;
    for (const [type, architecture] of [
      ['bert', 'BertForMaskedLM'],
      ['bert', 'BertForPreTraining'],
      ['gpt2', 'GPT2LMHeadModel'],
    ]) {
      const own = { ...tinyConfigs[type], vocab_size: vocabSize, architectures: [architecture] };
      using model = randomModel({ model_type: type, ...own });
      const rows = ['the river rose', 'dogs and cats are animals'].map(text => Array.from(tokenizer.encode(text).ids));
      const isCausal = type === 'gpt2' ? false : undefined;
      const found = rows.flatMap(ids =>
        ids.flatMap((id, i) => {
          if (tokenizer.specialTokens.has(id)) return [];
          const input = ids.with(i, mask!);
          const { logits, predictionLogits } = scope(() =>
            inferenceMode(() => {
              const output = model.forward({ inputIds: tensor([input], { dtype: 'int64' }), isCausal });
              return { logits: output.logits?.select(0, 0), predictionLogits: output.predictionLogits?.select(0, 0) };
            }),
          );
          const at = type === 'gpt2' ? i - 1 : i;
          return [(logits ?? predictionLogits)!.logSoftmax(-1).select(0, at).toNumbers()[id]];
        }),
      );
      const sum = found.reduce((a, b) => a + b, 0);
      const result = pseudoPerplexity(model, tokenizer, rows, { batchSize: 3 });
      expect(result.tokens).toBe(found.length);
      expect(result.logProb).toBeCloseTo(sum, 3);
      expect(result.pseudoPerplexity / Math.exp(-sum / found.length)).toBeCloseTo(1, 4);
    }
  });
});

describe('what cannot be scored', () => {
  it('is an error that says so', () => {
    using model = modelOf('gpt2');
    using xlnet = modelOf('xlnet');
    using bart = modelOf('bart');
    expect(() => scoreTokens(model, [[3], []])).toThrow('text 2 has no tokens');
    expect(() => scoreTokens(xlnet, texts)).toThrow(/a xlnet model \(causalLM\) does not score texts/);
    const long = Array.from({ length: 40 }, () => 3);
    expect(() => scoreTokens(bart, [long], { sources: [[3]] })).toThrow(/text 1 has 40 tokens, the model reads 32/);
  });
});

describeShared('fixtures/hf/gpt2/text', 'the trained model', recorded => {
  it('finds the mean log-probability that Transformers finds', () => {
    using trained = loadCompleteModel(recorded);
    const { perplexity } = readJson(join(recorded, 'golden.json')) as {
      perplexity: { ids: number[]; mean_nll: number }[];
    };
    const scores = scoreTokens(
      trained,
      perplexity.map(({ ids }) => ids),
    );
    for (const [row, { mean_nll }] of perplexity.entries()) {
      const total = scores[row].reduce((sum, { logProb }) => sum - logProb, 0);
      expect(Math.abs(total / scores[row].length - mean_nll)).toBeLessThan(1e-4);
    }
  });
});
