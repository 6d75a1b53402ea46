import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel, loadModel } from '../../../src/models/auto.ts';
import type { EncoderDecoder } from '../../../src/models/encoder-decoder.ts';
import { backward, type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, rename, run, saved } from './helpers.ts';
import { add, crossEntropy, dot, gelu, layerNorm, linear, type Matrix, mean, type Vector, weightsOf } from './naive.ts';
import { classicDecode, classicEncode } from './naive-seq2seq.ts';

const scratch = scratchFolder();
const hidden = 8;
const sizes = {
  model_type: 'bart',
  vocab_size: 20,
  d_model: hidden,
  encoder_layers: 1,
  encoder_attention_heads: 2,
  encoder_ffn_dim: 12,
  decoder_layers: 2,
  decoder_attention_heads: 4,
  decoder_ffn_dim: 10,
  max_position_embeddings: 9,
};
const bart = (name: string, more: object = {}) => randomModel({ ...sizes, architectures: [`Bart${name}`], ...more });

const ids = [
  [0, 5, 7, 9, 2],
  [0, 8, 2, 1, 1],
];
const masks = ids.map(row => row.map(id => (id === 1 ? 0 : 1)));
const labels = [
  [4, 11, 2],
  [6, 2, -100],
];
const starts = [
  [2, 4, 11],
  [2, 6, 2],
];
const inputs = { inputIds: int64(ids), attentionMask: int64(masks) };

const close = (actual: Tensor | undefined, expected: number | Vector | Matrix | Matrix[]) =>
  expectClose(actual!, tensor(expected), { atol: 3e-5, rtol: 1e-4 });

/** States of encoder and decoder, text by text. */
function naive(model: ReturnType<typeof bart>, decoderIds: Matrix, { scale = 1, prefix = 'model.' } = {}) {
  const w = weightsOf(model);
  const options = (side: string, heads: number, layers: number) => {
    const table = w.matrix(
      `${prefix}${w.keys.includes(`${prefix}shared.weight`) ? 'shared' : `${side}.embed_tokens`}.weight`,
    );
    const positions = w.matrix(`${prefix}${side}.embed_positions.weight`);
    const embed = (text: Vector): Matrix =>
      text.map((id, t) =>
        layerNorm(
          w,
          `${prefix}${side}.layernorm_embedding`,
          add(
            table[id].map(x => x * scale),
            positions[t + 2],
          ),
          1e-5,
        ),
      );
    return { heads, layers, embed, activation: gelu };
  };
  const encoded = ids.map((text, i) => classicEncode(w, prefix, text, masks[i], options('encoder', 2, 1)));
  const decoded = decoderIds.map((text, i) =>
    classicDecode(w, prefix, text, { memory: encoded[i], mask: masks[i] }, options('decoder', 4, 2)),
  );
  return { w, encoded, decoded };
}

describe('the language model', () => {
  it.each([false, true])('is the Transformer with norms after the sums; scaled words: %s', scaled => {
    const model = bart('ForConditionalGeneration', { scale_embedding: scaled });
    const { w, encoded, decoded } = naive(model, starts, { scale: scaled ? Math.sqrt(hidden) : 1 });
    const [table, [bias]] = [w.matrix('model.shared.weight'), w.matrix('final_logits_bias')];
    const logits = decoded.map(text => text.map(x => table.map((row, id) => dot(row, x) + bias[id])));
    const output = run(model, { ...inputs, labels: int64(labels) });
    close(output.lastHiddenState, decoded);
    close(output.logits, logits);
    for (const [i, text] of encoded.entries()) {
      const seen = masks[i].filter(Boolean).length;
      close(output.encoderLastHiddenState!.select(0, i).narrow(0, 0, seen), text.slice(0, seen));
    }
    const losses = labels.flatMap((row, i) =>
      row.flatMap((label, t) => (label < 0 ? [] : crossEntropy(logits[i][t], label))),
    );
    close(output.loss, mean(losses));
    close(run(model, { ...inputs, decoderInputIds: int64(starts) }).logits, logits);
  });

  it('reads its input once more where it is given nothing to write', () => {
    const model = bart('ForConditionalGeneration');
    const shifted = ids.map(row => [2, ...row.slice(0, -1)]);
    close(run(model, inputs).lastHiddenState, naive(model, shifted).decoded);
  });

  it('may have an output layer of its own', () => {
    const model = bart('ForConditionalGeneration', { tie_word_embeddings: false });
    const { w, decoded } = naive(model, starts);
    const [matrix, [bias]] = [w.matrix('lm_head.weight'), w.matrix('final_logits_bias')];
    const logits = decoded.map(text => text.map(x => matrix.map((row, id) => dot(row, x) + bias[id])));
    close(run(model, { ...inputs, labels: int64(labels) }).logits, logits);
  });

  it('trains neither the bias of the scores nor, by looking it up, the padding', () => {
    const model = bart('ForConditionalGeneration', { tie_word_embeddings: false });
    const { loss } = model.forward({ ...inputs, labels: int64(labels) });
    backward(loss!);
    const gradients = new Map([...model.namedParameters()].map(([path, { grad }]) => [path, grad]));
    expect(gradients.get('head.bias')).toBeUndefined();
    const rows = gradients.get('backbone.shared.weight')!.abs().sum([1]).toNumbers();
    expect([rows[1], rows[3]]).toEqual([0, 0]);
    for (const id of [0, 2, 4, 5, 6, 7, 8, 9, 11]) expect(rows[id], `${id}`).toBeGreaterThan(0);
  });

  it('refuses more positions than there are vectors for', () => {
    const model = bart('ForConditionalGeneration');
    const long = int64([Array.from({ length: 10 }, () => 5)]);
    expect(() => run(model, { inputIds: long })).toThrow(/10 tokens do not fit/);
    expect(() => run(model, { inputIds: long.narrow(1, 0, 9) })).not.toThrow();
  });
});

describe('classifiers', () => {
  it('read the last end of the text, which the decoder read again', () => {
    const texts = [
      [0, 2, 7, 9, 2],
      [0, 8, 2, 1, 1],
    ];
    const model = bart('ForSequenceClassification');
    const shifted = texts.map(row => [2, ...row.slice(0, -1)]);
    const w = weightsOf(model);
    const output = run(model, {
      inputIds: int64(texts),
      attentionMask: int64(masks),
      labels: tensor([2, 0], { dtype: 'int64' }),
    });
    const states = run(model, {
      inputIds: int64(texts),
      attentionMask: int64(masks),
      decoderInputIds: int64(shifted),
    }).lastHiddenState.toArray() as Matrix[];
    const logits = [states[0][4], states[1][2]].map(x =>
      linear(w, 'classification_head.out_proj', linear(w, 'classification_head.dense', x).map(Math.tanh)),
    );
    expect(logits[0].length).toBe(3); // as many labels as BART has by default
    close(output.logits, logits);
    close(output.loss, mean([crossEntropy(logits[0], 2), crossEntropy(logits[1], 0)]));
    const endless = int64([[0, 5, 7]]);
    expect(() => run(model, { inputIds: endless })).toThrow(/end-of-text token \(2\)/);
  });

  it('find answers', () => {
    const model = bart('ForQuestionAnswering');
    const shifted = ids.map(row => [2, ...row.slice(0, -1)]);
    const { w, decoded } = naive(model, shifted);
    const output = run(model, {
      ...inputs,
      startPositions: tensor([1, 0], { dtype: 'int64' }),
      endPositions: tensor([2, 1], { dtype: 'int64' }),
    });
    const spans = decoded.map(text => text.map(x => linear(w, 'qa_outputs', x)));
    close(
      output.startLogits,
      spans.map(text => text.map(([start]) => start)),
    );
    const part = (i: number, j: number): Vector => spans[i].map(row => row[j]);
    close(
      output.loss,
      mean([
        crossEntropy(part(0, 0), 1),
        crossEntropy(part(1, 0), 0),
        crossEntropy(part(0, 1), 2),
        crossEntropy(part(1, 1), 1),
      ]),
    );
  });
});

describe('checkpoints', () => {
  const model = bart('ForConditionalGeneration');
  const logits = (folder: string) => run(loadCompleteModel(folder), { ...inputs, labels: int64(labels) }).logits!;
  const expected = run(model, { ...inputs, labels: int64(labels) }).logits!;

  it('have the keys of Hugging Face', () => {
    const keys = keysOf(model);
    for (const key of [
      'model.shared.weight',
      'final_logits_bias',
      'model.encoder.embed_positions.weight',
      'model.decoder.layernorm_embedding.bias',
      'model.encoder.layers.0.self_attn.q_proj.weight',
      'model.decoder.layers.1.encoder_attn.out_proj.bias',
      'model.decoder.layers.1.encoder_attn_layer_norm.weight',
      'model.decoder.layers.0.fc2.weight',
      'model.decoder.layers.0.final_layer_norm.bias',
    ]) {
      expect(keys).toContain(key);
    }
    expect(keys.length).toBe(2 + 2 * 3 + 16 + 2 * 26);
    expect(keysOf(bart('Model'))).toContain('shared.weight');
  });

  it('may hold the shared table under every name', () => {
    const folder = saved(join(scratch, 'duplicates'), model, tensors => {
      for (const name of ['model.encoder.embed_tokens', 'model.decoder.embed_tokens', 'lm_head']) {
        tensors.set(`${name}.weight`, tensors.get('model.shared.weight')!);
      }
    });
    const { unexpected, missing } = loadModel(folder);
    expect({ unexpected, missing }).toEqual({ unexpected: [], missing: [] });
    expectClose(logits(folder), expected);
  });

  it('may lack the bias of the scores, and the prefix', () => {
    const folder = saved(join(scratch, 'bare'), model, tensors => {
      tensors.delete('final_logits_bias');
      rename(tensors, /^model\./, '');
    });
    const bias = weightsOf(model).matrix('final_logits_bias');
    expectClose(logits(folder), expected.sub(tensor(bias)), { atol: 1e-5 });
  });

  it('hold two tables where nothing is tied, as Transformers 5 understands it', () => {
    const untied = bart('ForConditionalGeneration', { tie_word_embeddings: false });
    const one = saved(join(scratch, 'one-table'), untied);
    expectClose(
      run(loadCompleteModel(one), { ...inputs, labels: int64(labels) }).logits!,
      run(untied, { ...inputs, labels: int64(labels) }).logits!,
    );
    const folder = saved(join(scratch, 'two-tables'), untied, tensors => {
      const table = tensors.get('model.shared.weight')!;
      tensors.set('model.encoder.embed_tokens.weight', table.mul(0.5));
      tensors.set('model.decoder.embed_tokens.weight', table.neg());
    });
    const loaded = loadCompleteModel(folder);
    expect((loaded.backbone as EncoderDecoder).shared).toBeUndefined();
    const { decoded } = naive(loaded, starts);
    close(run(loaded, { ...inputs, labels: int64(labels) }).lastHiddenState, decoded);
    expect(keysOf(loaded)).not.toContain('model.shared.weight');
  });
});

describe('config.json', () => {
  it('of published models is understood', () => {
    const model = createFromConfig(
      {
        ...sizes,
        _num_labels: 3,
        add_bias_logits: false,
        add_final_layer_norm: false,
        architectures: ['BartForConditionalGeneration'],
        classif_dropout: 0.1,
        classifier_dropout: 0.0,
        early_stopping: true,
        forced_bos_token_id: 0,
        gradient_checkpointing: false,
        is_encoder_decoder: true,
        encoder_layerdrop: 0.0,
        no_repeat_ngram_size: 3,
        normalize_before: false,
        normalize_embedding: true,
        num_beams: 4,
        num_hidden_layers: 1,
        task_specific_params: { summarization: { length_penalty: 1.0 } },
        torch_dtype: 'float32',
        use_cache: true,
      },
      { seed: 1 },
    );
    expect(model.task).toBe('seq2seqLM');
  });

  it.each([
    ['encoder_layerdrop', 0.1],
    ['decoder_layerdrop', 0.1],
    ['normalize_before', true],
    ['add_final_layer_norm', true],
    ['normalize_embedding', false],
    ['static_position_embeddings', true],
    ['extra_pos_embeddings', 0],
    ['is_decoder', true],
  ])('with %s %s asks for another network', (key, value) => {
    expect(() => bart('ForConditionalGeneration', { [key]: value })).toThrow(new RegExp(key));
  });

  it('with heads that do not divide the width is refused', () => {
    expect(() => bart('Model', { decoder_attention_heads: 3 })).toThrow(/multiple of heads/);
  });
});

describe('a new model', () => {
  it('has the sizes asked for, and weights as BART draws them', () => {
    const { backbone, head, config } = createModel(
      'bart',
      { layers: 2, hidden: 64, heads: 4, context: 30, vocabSize: 300 },
      { seed: 1, dropout: 0.2, eosTokenId: 7 },
    );
    const { encoder, decoder, shared, options } = backbone as EncoderDecoder;
    expect(options).toMatchObject({ decoderStartTokenId: 7, padTokenId: 7 });
    expect([encoder.layerCount, decoder.layerCount, decoder.maxPositions]).toEqual([2, 2, 30]);
    expect(config).toMatchObject({ model_type: 'bart', dropout: 0.2, tie_word_embeddings: true });
    const deviation = Math.sqrt(shared!.weight.var_().item());
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(0.03);
    expect(shared!.weight.select(0, 7).abs().sum().item()).toBe(0);
    expect(shared!.weight.select(0, 6).abs().sum().item()).toBeGreaterThan(0);
    const [, bias] = [...head!.namedParameters()].find(([path]) => path === 'bias')!;
    expect(bias.abs().sum().item()).toBe(0);
  });
});
