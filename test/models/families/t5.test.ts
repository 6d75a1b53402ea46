import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel, loadModel } from '../../../src/models/auto.ts';
import { checkpointTensors } from '../../../src/models/checkpoint/load.ts';
import { Encoder } from '../../../src/models/encoder.ts';
import { relativeBuckets } from '../../../src/nn/positions.ts';
import { arange, noGrad, type Tensor, tensor, zeros } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, rename, run, saved } from './helpers.ts';
import {
  add,
  crossEntropy,
  dot,
  geluTanh,
  linear,
  type Matrix,
  mean,
  type Vector,
  type Weights,
  weightsOf,
} from './naive.ts';
import { attend } from './naive-seq2seq.ts';

const scratch = scratchFolder();
const hidden = 8;
const heads = 3;
const sizes = {
  model_type: 't5',
  vocab_size: 20,
  d_model: hidden,
  d_kv: 2,
  d_ff: 12,
  num_layers: 2,
  num_decoder_layers: 1,
  num_heads: heads,
  relative_attention_num_buckets: 7,
  relative_attention_max_distance: 9,
  decoder_start_token_id: 0,
};
const t5 = (name: string, more: object = {}) => randomModel({ ...sizes, architectures: [`T5${name}`], ...more });

// Longer than the last bucket begins.
const ids = [
  [5, 7, 9, 2, 11, 3, 4, 12, 8, 9, 14, 6, 5, 1],
  [8, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
];
const masks = ids.map(row => row.map(id => (id === 0 ? 0 : 1)));
const labels = [
  [4, 11, 7, 3, 9, 12, 13, 15, 16, 4, 5, 1],
  [6, 1, ...Array.from({ length: 10 }, () => -100)],
];
const starts = labels.map(row => [0, ...row.slice(0, -1).map(id => (id < 0 ? 0 : id))]);
const inputs = { inputIds: int64(ids), attentionMask: int64(masks), labels: int64(labels) };
const close = (actual: Tensor | undefined, expected: number | Vector | Matrix | Matrix[]) =>
  expectClose(actual!, tensor(expected), { atol: 5e-5, rtol: 1e-4 });

const activations = {
  relu: (x: number) => Math.max(0, x),
  silu: (x: number) => x / (1 + Math.exp(-x)),
  gelu_new: geluTanh,
};

interface NaiveOptions {
  prefix?: string;
  activation?: (x: number) => number;
  gated?: boolean;
}

const rms = (w: Weights, key: string, x: Vector): Vector => {
  const size = Math.sqrt(mean(x.map(value => value * value)) + 1e-6);
  return x.map((value, i) => (value / size) * w.vector(`${key}.weight`)[i]);
};

/** One of T5's two stacks over a text. */
function stack(
  w: Weights,
  side: 'encoder' | 'decoder',
  text: Vector,
  { mask, memory, memoryMask }: { mask?: Vector; memory?: Matrix; memoryMask?: Vector },
  { prefix = '', activation = activations.relu, gated = false }: NaiveOptions,
): Matrix {
  const isDecoder = side === 'decoder';
  const root = `${prefix}${side}`;
  const table = w.matrix(`${root}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`);
  const buckets = { buckets: 7, maxDistance: 9, bidirectional: !isDecoder };
  const bucketOf = relativeBuckets(arange(-20, 21, { dtype: 'int64' }), buckets).toNumbers();
  const bias = (head: number, t: number, s: number): number => table[bucketOf[20 + s - t]][head];
  const attention = (key: string, x: Matrix, from: Matrix, options: object): Matrix => {
    const [q, k, v] = ['q', 'k', 'v'].map((name, i) =>
      (i === 0 ? x : from).map(row => linear(w, `${key}.${name}`, row)),
    );
    return attend(q, k, v, { heads, scale: 1, ...options }).map(row => linear(w, `${key}.o`, row));
  };
  let x = text.map(id => w.matrix(`${prefix}shared.weight`)[id]);
  for (let i = 0; i < (isDecoder ? 1 : 2); i++) {
    const block = `${root}.block.${i}.layer`;
    const normed = x.map(row => rms(w, `${block}.0.layer_norm`, row));
    const y = attention(`${block}.0.SelfAttention`, normed, normed, { mask, causal: isDecoder, bias });
    x = x.map((row, t) => add(row, y[t]));
    if (memory) {
      const asked = x.map(row => rms(w, `${block}.1.layer_norm`, row));
      const z = attention(`${block}.1.EncDecAttention`, asked, memory, { mask: memoryMask });
      x = x.map((row, t) => add(row, z[t]));
    }
    const last = `${block}.${isDecoder ? 2 : 1}`;
    x = x.map(row => {
      const n = rms(w, `${last}.layer_norm`, row);
      const dense = `${last}.DenseReluDense`;
      const inner = gated
        ? linear(w, `${dense}.wi_0`, n).map((gate, j) => activation(gate) * linear(w, `${dense}.wi_1`, n)[j])
        : linear(w, `${dense}.wi`, n).map(activation);
      return add(row, linear(w, `${dense}.wo`, inner));
    });
  }
  return x.map(row => rms(w, `${root}.final_layer_norm`, row));
}

const encodeAll = (w: Weights, options: NaiveOptions = {}): Matrix[] =>
  ids.map((text, i) => stack(w, 'encoder', text, { mask: masks[i] }, options));

const decodeAll = (w: Weights, texts: Matrix, options: NaiveOptions = {}): Matrix[] =>
  encodeAll(w, options).map((memory, i) => stack(w, 'decoder', texts[i], { memory, memoryMask: masks[i] }, options));

const scores = (states: Matrix[], matrix: Matrix, scale = 1): Matrix[] =>
  states.map(text => text.map(x => matrix.map(row => dot(row, x) * scale)));

describe('the language model', () => {
  it('has biases for distances in an odd number of buckets, heads of any width, and scales before the tied output', () => {
    const model = t5('ForConditionalGeneration');
    const w = weightsOf(model);
    const decoded = decodeAll(w, starts);
    const logits = scores(decoded, w.matrix('shared.weight'), hidden ** -0.5);
    const output = run(model, inputs);
    close(output.lastHiddenState, decoded);
    close(output.logits, logits);
    close(
      output.loss,
      mean(labels.flatMap((row, i) => row.flatMap((label, t) => (label < 0 ? [] : crossEntropy(logits[i][t], label))))),
    );
    const [first] = encodeAll(w);
    close(output.encoderLastHiddenState!.select(0, 0), first);
  });

  it.each([
    [{ feed_forward_proj: 'gated-gelu' }, { activation: activations.gelu_new, gated: true }],
    [{ feed_forward_proj: 'gated-silu' }, { activation: activations.silu, gated: true }],
    [{ feed_forward_proj: 'silu' }, { activation: activations.silu }],
    [{ feed_forward_proj: 'gated-gelu', dense_act_fn: 'relu', is_gated_act: true }, { gated: true }],
    [{ feed_forward_proj: 'gelu_new', is_gated_act: false }, { activation: activations.gelu_new }],
  ])('with %o', (config, options) => {
    const model = t5('ForConditionalGeneration', config);
    close(run(model, inputs).lastHiddenState, decodeAll(weightsOf(model), starts, options));
  });

  it.each([
    [{}, hidden ** -0.5],
    [{ tie_word_embeddings: true, scale_decoder_outputs: false }, 1],
    [{ scale_decoder_outputs: true }, hidden ** -0.5],
    [{ tie_word_embeddings: false }, 1],
    [{ tie_word_embeddings: false, scale_decoder_outputs: true }, hidden ** -0.5],
    [{ model_type: 'mt5', architectures: ['MT5ForConditionalGeneration'], feed_forward_proj: 'relu' }, 1],
  ])('scales what goes into the output layer as %o says', (config, scale) => {
    const model = t5('ForConditionalGeneration', config);
    const w = weightsOf(model);
    const matrix = 'tie_word_embeddings' in config && !config.tie_word_embeddings ? 'lm_head.weight' : 'shared.weight';
    expect(w.keys.includes('lm_head.weight')).toBe(matrix === 'lm_head.weight');
    close(run(model, inputs).logits, scores(decodeAll(w, starts), w.matrix(matrix), scale));
  });
});

describe('mT5', () => {
  it('is T5 with other sizes', () => {
    const { model_type: _, decoder_start_token_id: __, ...rest } = sizes;
    const model = randomModel({ model_type: 'mt5', architectures: ['MT5Model'], ...rest });
    const texts = { ...inputs, decoderInputIds: int64(starts) };
    const expected = decodeAll(weightsOf(model), starts, { activation: activations.gelu_new, gated: true });
    close(run(model, texts).lastHiddenState, expected);
  });
});

describe('classifiers', () => {
  const shifted = ids.map(row => [0, ...row.slice(0, -1)]);

  it('of texts read the last end', () => {
    const model = t5('ForSequenceClassification', { num_labels: 3 });
    const w = weightsOf(model);
    const decoded = decodeAll(w, shifted, { prefix: 'transformer.' });
    const logits = [decoded[0][13], decoded[1][2]].map(x =>
      linear(w, 'classification_head.out_proj', linear(w, 'classification_head.dense', x).map(Math.tanh)),
    );
    close(run(model, { ...inputs, labels: tensor([1, 2], { dtype: 'int64' }) }).logits, logits);
  });

  it('of tokens have an encoder only', () => {
    const model = t5('ForTokenClassification', { num_labels: 4 });
    const w = weightsOf(model);
    expect(w.keys.some(key => key.includes('decoder'))).toBe(false);
    const logits = encodeAll(w, { prefix: 'transformer.' }).map(text => text.map(x => linear(w, 'classifier', x)));
    const found = run(model, { inputIds: inputs.inputIds, attentionMask: inputs.attentionMask }).logits!;
    close(found.select(0, 0), logits[0]);
    close(found.select(0, 1).narrow(0, 0, 3), logits[1].slice(0, 3));
  });

  it('of answers have no prefix', () => {
    const model = t5('ForQuestionAnswering');
    const w = weightsOf(model);
    const spans = decodeAll(w, shifted).map(text => text.map(x => linear(w, 'qa_outputs', x)));
    close(
      run(model, { inputIds: inputs.inputIds, attentionMask: inputs.attentionMask }).endLogits,
      spans.map(text => text.map(([, end]) => end)),
    );
  });
});

describe('checkpoints', () => {
  const model = t5('ForConditionalGeneration');
  const expected = run(model, inputs).logits!;

  it('have the keys of Hugging Face, with a prefix where a class wraps the network', () => {
    expect(keysOf(model).sort()).toEqual(
      [
        'shared.weight',
        ...['encoder', 'decoder'].flatMap(side => [
          `${side}.final_layer_norm.weight`,
          `${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
        ]),
        ...['encoder.block.0', 'encoder.block.1', 'decoder.block.0'].flatMap(block => {
          const last = block.startsWith('decoder') ? 2 : 1;
          const attentions = ['0.SelfAttention', ...(last === 2 ? ['1.EncDecAttention'] : [])];
          return [
            ...attentions.flatMap(name => ['q', 'k', 'v', 'o'].map(part => `${block}.layer.${name}.${part}.weight`)),
            ...Array.from({ length: last + 1 }, (_, i) => `${block}.layer.${i}.layer_norm.weight`),
            `${block}.layer.${last}.DenseReluDense.wi.weight`,
            `${block}.layer.${last}.DenseReluDense.wo.weight`,
          ];
        }),
      ].sort(),
    );
    expect(keysOf(t5('ForSequenceClassification'))).toContain('transformer.shared.weight');
  });

  it('become those of another class', () => {
    const folder = saved(join(scratch, 'generator'), model);
    const { model: classifier, missing } = loadModel(folder, { task: 'sequenceClassification' });
    expect(missing.sort()).toEqual(
      ['dense', 'out_proj'].flatMap(name => ['bias', 'weight'].map(part => `classification_head.${name}.${part}`)),
    );
    expect(keysOf(classifier)).toContain('transformer.encoder.final_layer_norm.weight');
  });

  it('may hold the shared table under every name, and a bias without use', () => {
    const folder = saved(join(scratch, 'duplicates'), model, tensors => {
      for (const name of ['encoder.embed_tokens', 'decoder.embed_tokens', 'lm_head']) {
        tensors.set(`${name}.weight`, tensors.get('shared.weight')!);
      }
      tensors.set('decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight', zeros([7, heads]));
    });
    const { model: loaded, missing, unexpected } = loadModel(folder);
    expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] });
    expectClose(run(loaded, inputs).logits!, expected);
  });

  it.each(['encoder', 'decoder'])('may hold it under the name of the %s alone', side => {
    const folder = saved(join(scratch, side), model, tensors => rename(tensors, /^shared/, `${side}.embed_tokens`));
    expectClose(run(loadCompleteModel(folder), inputs).logits!, expected);
  });

  it('that hold an output layer of their own are right, whatever config.json says of tying', () => {
    // As Transformers 5 writes a checkpoint of version 1.1.
    const config = { ...model.config, tie_word_embeddings: true, scale_decoder_outputs: false };
    const matrix = Array.from({ length: 20 }, (_, i) => Array.from({ length: hidden }, (_, j) => Math.sin(i + 3 * j)));
    const folder = saved(
      join(scratch, 'version-1.1'),
      model,
      tensors => tensors.set('lm_head.weight', tensor(matrix)),
      config,
    );
    const loaded = loadCompleteModel(folder);
    close(run(loaded, inputs).logits, scores(decodeAll(weightsOf(model), starts), matrix));
    expect(keysOf(loaded)).toContain('lm_head.weight');
  });

  it('of the encoder alone are those of its class, or what is left of a whole one', () => {
    const encoder = t5('EncoderModel');
    expect(encoder.backbone).toBeInstanceOf(Encoder);
    expect(keysOf(encoder)).toContain('shared.weight');
    expect(keysOf(encoder).some(key => key.startsWith('decoder.'))).toBe(false);
    const texts = { inputIds: inputs.inputIds, attentionMask: inputs.attentionMask };
    close(run(encoder, texts).lastHiddenState.select(0, 0), encodeAll(weightsOf(encoder))[0]);
    const folder = saved(join(scratch, 'whole'), model, () => {}, { ...sizes, architectures: ['T5EncoderModel'] });
    const loaded = loadCompleteModel(folder);
    const whole = run(model, inputs).encoderLastHiddenState!;
    expectClose(run(loaded, texts).lastHiddenState, whole);
  });
});

describe('config.json', () => {
  it('of published models is understood', () => {
    const published = {
      model_type: 't5',
      architectures: ['T5WithLMHeadModel'],
      hidden_size: 8,
      num_attention_heads: 2,
      head_dim: 4,
      d_ff: 16,
      num_hidden_layers: 1,
      vocab_size: 30,
      n_positions: 512,
      output_past: true,
      layer_norm_epsilon: 1e-6,
      is_encoder_decoder: true,
      decoder_start_token_id: 0,
      task_specific_params: { summarization: { early_stopping: true } },
      tokenizer_class: 'T5Tokenizer',
      use_cache: true,
    };
    const model = createFromConfig(published, { seed: 1 });
    expect([model.task, model.backbone.hidden, model.maxPositions]).toEqual(['seq2seqLM', 8, 512]);
  });

  it.each([
    ['feed_forward_proj', 'gated-sine'],
    ['is_decoder', true],
    ['tie_encoder_decoder', true],
  ])('with %s %s is refused', (key, value) => {
    expect(() => t5('Model', { [key]: value })).toThrow(new RegExp(key));
  });

  it('with too few buckets is refused', () => {
    expect(() => t5('Model', { relative_attention_num_buckets: 3 })).toThrow(/buckets of distances are too few/);
  });
});

describe('a new model', () => {
  it('has weights as T5 draws them', () => {
    const factor = 0.5;
    const wide = { d_model: 64, d_kv: 24, d_ff: 96, num_heads: 4, vocab_size: 400, relative_attention_num_buckets: 32 };
    const config = { ...sizes, ...wide, initializer_factor: factor, feed_forward_proj: 'gated-gelu' };
    const model = createFromConfig({ ...config, tie_word_embeddings: false }, { seed: 1 });
    const expected = (key: string): number => {
      if (/^(shared|lm_head)/.test(key)) return factor;
      if (/\.q\./.test(key)) return factor / Math.sqrt(64 * 24);
      if (/\.o\./.test(key)) return factor / Math.sqrt(4 * 24);
      if (/\.wo\./.test(key)) return factor / Math.sqrt(96);
      return factor / Math.sqrt(64);
    };
    noGrad(() => {
      for (const [key, weight] of checkpointTensors(model)) {
        if (key.includes('norm')) expect(weight.sub(factor).abs().amax().item(), key).toBe(0);
        else {
          const deviation = Math.sqrt(weight.square().mean().item());
          const allowed = key.includes('relative') ? 0.3 : 0.06;
          expect(Math.abs(deviation / expected(key) - 1), key).toBeLessThan(allowed);
        }
      }
    });
  });

  it('has the sizes asked for', () => {
    const model = createModel(
      't5',
      { layers: 2, hidden: 16, heads: 4, context: 30, vocabSize: 50 },
      { seed: 1, eosTokenId: 3 },
    );
    expect(model.maxPositions).toBe(30);
    const { loss, logits } = run(model, { inputIds: int64([[4, 5]]), labels: int64([[6, 3]]) });
    expect(logits!.shape).toEqual([1, 2, 50]);
    expect(loss!.isfinite().item()).toBe(1);
  });
});
