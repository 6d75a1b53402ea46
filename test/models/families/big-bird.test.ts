import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel } from '../../../src/models/auto.ts';
import type { Model } from '../../../src/models/model.ts';
import { arange, backward, type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { forwardPeak, keysOf, randomModel, run, saved } from './helpers.ts';
import {
  add,
  attention,
  bertStates,
  crossEntropy,
  dot,
  geluTanh,
  layerNorm,
  linear,
  type Matrix,
  mean,
  weightsOf,
} from './naive.ts';

const scratch = scratchFolder();
const [heads, layers, block, random] = [2, 2, 2, 1];
const sizes = {
  model_type: 'big_bird',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: 12,
  max_position_embeddings: 24,
  block_size: block,
  num_random_blocks: random,
};
const bigBird = (name: string, more: object = {}) =>
  randomModel({ ...sizes, architectures: [`BigBird${name}`], ...more });

// 17 tokens: more than (5 + 2 · 1) · 2, and no whole number of blocks.
const long = [
  [3, 5, 7, 11, 2, 9, 8, 6, 13, 4, 12, 15, 17, 19, 10, 14, 18],
  [4, 6, 19, 8, 3, 7, 5, 12, 11, 9, 16, 13, 2, 0, 0, 0, 0],
];
const masksOf = (ids: Matrix): Matrix => ids.map(row => row.map(id => (id === 0 ? 0 : 1)));
const masks = masksOf(long);
const inputs = { inputIds: int64(long), attentionMask: int64(masks) };

/** How often a query counts a key outside training, where the first block stands for the random ones too. */
function times(t: number, s: number, length: number): number {
  const [query, key] = [t, s].map(position => Math.floor(position / block));
  const last = Math.ceil(length / block) - 1;
  if (query === 0 || query === last) return 1;
  return key === 0 ? 1 + random : Number(key === last || Math.abs(key - query) <= 1);
}

/** Hidden states after the paper. */
function naiveStates(model: Model, ids: Matrix, types?: Matrix): Matrix[] {
  return ids.map((row, i) =>
    bertStates(weightsOf(model), model.task === 'backbone' ? '' : 'bert.', row, {
      heads,
      layers,
      mask: masksOf(ids)[i],
      types: types?.[i],
      activation: geluTanh,
      attend: (w, keys, x, options) => attention(w, keys, x, { ...options, times: (t, s) => times(t, s, row.length) }),
    }),
  );
}

function expectStates(actual: Tensor, expected: Matrix[]): void {
  const mask = tensor(masks).unsqueeze(-1).expand(actual.shape);
  expectClose(actual, tensor(expected), { atol: 3e-5, rtol: 1e-4, mask });
}

describe('hidden states', () => {
  it('come from blocks', () => {
    const model = bigBird('Model');
    const { lastHiddenState, poolerOutput } = run(model, inputs);
    const states = naiveStates(model, long);
    expectStates(lastHiddenState, states);
    const pooled = states.map(([x]) => linear(weightsOf(model), 'pooler', x).map(Math.tanh));
    expectClose(poolerOutput!, tensor(pooled), { atol: 3e-5, rtol: 1e-4 });
  });

  it('are those of BERT up to (5 + 2 · num_random_blocks) · block_size tokens, and with attention_type original_full', () => {
    const bert = (model: Model) => {
      const { block_size: _, num_random_blocks: __, ...rest } = sizes;
      const config = { ...rest, model_type: 'bert', hidden_act: 'gelu_new', architectures: ['BertModel'] };
      const same = createFromConfig(config, { seed: 1 });
      const others = new Map(model.namedParameters());
      for (const [path, parameter] of same.namedParameters()) parameter.replace(others.get(path)!.detach().clone());
      return same.eval();
    };
    const short = {
      inputIds: int64(long.map(row => row.slice(0, 14))),
      attentionMask: int64(masks.map(row => row.slice(0, 14))),
    };
    const sparse = bigBird('Model');
    expectClose(run(sparse, short).lastHiddenState, run(bert(sparse), short).lastHiddenState);
    const full = bigBird('Model', { attention_type: 'original_full' });
    expectClose(run(full, inputs).lastHiddenState, run(bert(full), inputs).lastHiddenState);
    const mask = tensor(masks).unsqueeze(-1);
    const difference = run(sparse, inputs)
      .lastHiddenState.sub(run(bert(sparse), inputs).lastHiddenState)
      .mul(mask);
    expect(difference.abs().amax().item()).toBeGreaterThan(1e-2);
  });

  it('do not switch to full attention for good after a short text', () => {
    const model = bigBird('Model');
    const before = run(model, inputs).lastHiddenState;
    run(model, { inputIds: int64([[3, 4, 5]]) });
    expect(run(model, inputs).lastHiddenState.equal(before)).toBe(true);
  });

  it('come with probabilities that count a block seen twice', () => {
    const { attentions } = run(bigBird('Model'), { ...inputs, outputAttentions: true });
    expect(attentions!.map(({ shape }) => shape)).toEqual([0, 1].map(() => [2, heads, 17, 17]));
    expectClose(attentions![0].select(0, 0).sum(-1), tensor([0, 1].map(() => long[0].map(() => 1))), { atol: 1e-5 });
  });

  it('look elsewhere in each layer while training', () => {
    const model = bigBird('Model', {
      hidden_dropout_prob: 0,
      max_position_embeddings: 64,
      num_random_blocks: 2,
      block_size: 1,
    });
    const at = (training: boolean) => model.train(training).forward({ ...inputs, outputAttentions: true }).attentions!;
    const [quiet, drawn, again] = [at(false), at(true), at(true)];
    const seen = (x: Tensor) => x.gt(0).to('int64');
    expect(seen(drawn[0]).equal(seen(quiet[0]))).toBe(false);
    expect(seen(drawn[0]).equal(seen(drawn[1]))).toBe(false);
    expect(seen(drawn[0]).equal(seen(again[0]))).toBe(true);
  });
});

describe('options of config.json', () => {
  it('use_bias: of queries, keys and values', () => {
    const keys = keysOf(bigBird('Model', { use_bias: false }));
    const attentionKeys = keys.filter(key => key.startsWith('encoder.layer.0.attention'));
    expect(attentionKeys.filter(key => key.endsWith('bias')).sort()).toEqual([
      'encoder.layer.0.attention.output.LayerNorm.bias',
      'encoder.layer.0.attention.output.dense.bias',
    ]);
  });

  it('rescale_embeddings: word vectors times √hidden, given ones too', () => {
    const [plain, scaled] = [false, true].map(rescale_embeddings => bigBird('Model', { rescale_embeddings }));
    const words = (model: Model): Tensor =>
      weightsTensor(model)
        .indexSelect(0, int64([long[0]]).flatten())
        .unsqueeze(0);
    const expected = run(plain, { inputsEmbeds: words(plain).mul(Math.sqrt(8)) }).lastHiddenState;
    expectClose(run(scaled, { inputIds: int64([long[0]]) }).lastHiddenState, expected, { atol: 1e-5 });
    expectClose(run(scaled, { inputsEmbeds: words(scaled) }).lastHiddenState, expected, { atol: 1e-5 });
  });

  it.each([
    [{ attention_type: 'sparse' }, /attention_type/],
    [{ is_decoder: true }, /is_decoder/],
    [{ architectures: ['BigBirdForCausalLM'] }, /BigBirdForCausalLM/],
  ])('%j is refused', (more, message) => {
    expect(() => createFromConfig({ ...sizes, ...more }, { seed: 1 })).toThrow(message);
  });
});

const weightsTensor = (model: Model): Tensor =>
  [...model.namedParameters()].find(([path]) => path === 'backbone.embeddings.word.weight')![1].detach();

describe('heads', () => {
  const labels = int64(long);

  it('masked words, alone and beside a question about the pair', () => {
    const pretraining = bigBird('ForPreTraining');
    const w = weightsOf(pretraining);
    const states = naiveStates(pretraining, [long[0]]);
    const scores = states[0].map(x => {
      const y = layerNorm(
        w,
        'cls.predictions.transform.LayerNorm',
        linear(w, 'cls.predictions.transform.dense', x).map(geluTanh),
      );
      const bias = w.vector('cls.predictions.bias');
      return w.matrix('bert.embeddings.word_embeddings.weight').map((word, i) => dot(word, y) + bias[i]);
    });
    const ofWords = mean(scores.map((row, t) => crossEntropy(row, long[0][t])));
    const asked = { inputIds: int64([long[0]]), labels: int64([long[0]]) };
    expect(run(pretraining, asked).loss!.item()).toBeCloseTo(ofWords, 3);
    const pair = linear(w, 'cls.seq_relationship', linear(w, 'bert.pooler', states[0][0]).map(Math.tanh));
    const both = run(pretraining, { ...asked, nextSentenceLabel: tensor([1], { dtype: 'int64' }) });
    expect(both.loss!.item()).toBeCloseTo(ofWords + crossEntropy(pair, 1), 3);
  });

  it('a class, through the activation of hidden_act', () => {
    const model = bigBird('ForSequenceClassification', { num_labels: 3 });
    const w = weightsOf(model);
    const expected = naiveStates(model, long).map(([x]) =>
      linear(w, 'classifier.out_proj', linear(w, 'classifier.dense', x).map(geluTanh)),
    );
    expectClose(run(model, inputs).logits!, tensor(expected), { atol: 3e-5, rtol: 1e-4 });
  });

  it('a choice, by what the pooler makes of it', () => {
    const model = bigBird('ForMultipleChoice');
    const w = weightsOf(model);
    const texts = [long[0], [...long[0]].reverse()];
    const expected = naiveStates(model, texts).map(
      ([first]) => linear(w, 'classifier', linear(w, 'bert.pooler', first).map(Math.tanh))[0],
    );
    const { logits } = run(model, { inputIds: int64(texts).unsqueeze(0) });
    expectClose(logits!, tensor([expected]), { atol: 3e-5, rtol: 1e-4 });
  });

  it('an answer, which is no part of the question', () => {
    const separator = 2;
    const model = bigBird('ForQuestionAnswering', { sep_token_id: separator });
    const w = weightsOf(model);
    const lengths = long.map(row => row.indexOf(separator) + 1);
    const types = long.map((row, i) => row.map((_, t) => Number(t >= lengths[i])));
    const states = naiveStates(model, long, types);
    const expected = states.map((rows, i) =>
      rows.map((x, t) => {
        const thought = linear(
          w,
          'qa_classifier.output.dense',
          linear(w, 'qa_classifier.intermediate.dense', x).map(geluTanh),
        );
        const scores = linear(
          w,
          'qa_classifier.qa_outputs',
          layerNorm(w, 'qa_classifier.output.LayerNorm', add(thought, x)),
        );
        return t > 0 && t < lengths[i] ? scores.map(score => score - 1e6) : scores;
      }),
    );
    const { startLogits, endLogits } = run(model, inputs);
    for (const [which, logits] of [startLogits!, endLogits!].entries()) {
      const rows = expected.map(scores => scores.map(pair => pair[which]));
      expectClose(logits, tensor(rows), { atol: 3e-5, rtol: 1e-4, mask: tensor(masks) });
    }
    const given = run(model, { ...inputs, questionLengths: tensor(lengths, { dtype: 'int64' }) });
    expectClose(given.startLogits!, startLogits!);
    expect(keysOf(model).some(key => key.includes('pooler'))).toBe(false);
  });

  it('learn', () => {
    const model = bigBird('ForMaskedLM');
    backward(model.forward({ ...inputs, labels }).loss!);
    const untouched = [...model.namedParameters()].filter(([, { grad }]) => grad === undefined).map(([path]) => path);
    expect(untouched).toEqual(['backbone.pooler.weight', 'backbone.pooler.bias']);
  });
});

it('checkpoints load again, the pooler under its own key', () => {
  const model = bigBird('ForPreTraining');
  expect(keysOf(model)).toContain('bert.pooler.weight');
  const again = loadCompleteModel(saved(`${scratch}/pretraining`, model));
  expectClose(run(again, inputs).predictionLogits!, run(model, inputs).predictionLogits!);
});

it('takes memory that grows with the text', () => {
  const more = { block_size: 16, hidden_size: 16, max_position_embeddings: 4096 };
  const model = createFromConfig({ ...sizes, ...more }, { seed: 1 }).eval();
  expect(forwardPeak(model, 4096) / forwardPeak(model, 2048)).toBeLessThan(2.3);
});

it('is made from the sizes of a recipe', () => {
  const model = createModel('big_bird', { layers: 1, hidden: 8, heads: 2, context: 12, vocabSize: 20 }, { seed: 1 });
  expect(run(model.eval(), { inputIds: arange(0, 12, { dtype: 'int64' }).unsqueeze(0) }).logits!.shape).toEqual([
    1, 12, 20,
  ]);
});
