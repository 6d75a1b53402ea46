import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadModel } from '../../../src/models/auto.ts';
import type { EncoderDecoder } from '../../../src/models/encoder-decoder.ts';
import { backward, tensor, zeros } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, run, saved } from './helpers.ts';
import { add, dot, type Matrix, type Vector, weightsOf } from './naive.ts';
import { classicDecode, classicEncode } from './naive-seq2seq.ts';

const scratch = scratchFolder();
const hidden = 8;
const sizes = {
  model_type: 'marian',
  architectures: ['MarianMTModel'],
  vocab_size: 20,
  d_model: hidden,
  encoder_layers: 2,
  encoder_attention_heads: 2,
  encoder_ffn_dim: 12,
  decoder_layers: 1,
  decoder_attention_heads: 2,
  decoder_ffn_dim: 12,
  max_position_embeddings: 9,
  activation_function: 'swish',
  scale_embedding: true,
  pad_token_id: 19,
  decoder_start_token_id: 19,
};
const marian = (more: object = {}) => randomModel({ ...sizes, ...more });

const ids = [
  [5, 7, 9, 2, 0],
  [8, 2, 0, 19, 19],
];
const masks = ids.map(row => row.map(id => (id === 19 ? 0 : 1)));
const labels = [
  [4, 11, 0],
  [6, 0, -100],
];
const starts = [
  [19, 4, 11],
  [19, 6, 0],
];
const inputs = { inputIds: int64(ids), attentionMask: int64(masks), labels: int64(labels) };

const sinusoid = (position: number): Vector =>
  Array.from({ length: hidden }, (_, i) => {
    const angle = position / 10000 ** ((2 * (i % (hidden / 2))) / hidden);
    return i < hidden / 2 ? Math.sin(angle) : Math.cos(angle);
  });

function naive(model: ReturnType<typeof marian>, { tables = ['shared', 'shared'], scale = Math.sqrt(hidden) } = {}) {
  const w = weightsOf(model);
  const options = (side: 0 | 1) => ({
    heads: 2,
    layers: side === 0 ? 2 : 1,
    activation: (x: number) => x / (1 + Math.exp(-x)),
    embed: (text: Vector): Matrix =>
      text.map((id, t) =>
        add(
          w.matrix(`model.${tables[side]}.weight`)[id].map(x => x * scale),
          sinusoid(t),
        ),
      ),
  });
  const decoded = ids.map((text, i) => {
    const memory = classicEncode(w, 'model.', text, masks[i], options(0));
    return classicDecode(w, 'model.', starts[i], { memory, mask: masks[i] }, options(1));
  });
  return { w, decoded };
}

const logitsOf = (decoded: Matrix[], matrix: Matrix, bias: Vector) =>
  tensor(decoded.map(text => text.map(x => matrix.map((row, id) => dot(row, x) + bias[id]))));

describe('the translation model', () => {
  it('is the first Transformer: sinusoids, words by the root of the width', () => {
    const model = marian();
    const { w, decoded } = naive(model);
    const expected = logitsOf(decoded, w.matrix('model.shared.weight'), w.matrix('final_logits_bias')[0]);
    expectClose(run(model, inputs).logits!, expected, { atol: 5e-5, rtol: 1e-4 });
    const plain = marian({ scale_embedding: false });
    expectClose(run(plain, inputs).lastHiddenState, tensor(naive(plain, { scale: 1 }).decoded), { atol: 3e-5 });
  });

  it('may write in another vocabulary than it reads', () => {
    const special = { pad_token_id: 11, decoder_start_token_id: 11 };
    const model = marian({ share_encoder_decoder_embeddings: false, decoder_vocab_size: 12, ...special });
    const texts = { inputIds: int64([[15, 7]]), decoderInputIds: int64([[11, 3]]) };
    const { encoder, decoder, shared } = model.backbone as EncoderDecoder;
    expect(shared).toBeUndefined();
    expect(run(model, texts).logits!.shape).toEqual([1, 2, 12]);
    expect(keysOf(model)).toContain('model.encoder.embed_tokens.weight');
    expect(keysOf(model)).not.toContain('lm_head.weight');
    // The output layer is the decoder's table.
    const gradientOf = (side: typeof encoder) => {
      const [, weight] = [...side.namedParameters()].find(([path]) => path === 'embeddings.word.weight')!;
      return weight.grad!.abs().sum([1]).toNumbers();
    };
    const { loss } = model.forward({ inputIds: int64([[15, 7]]), labels: int64([[3, 0]]) });
    backward(loss!);
    expect([...gradientOf(encoder)].map((x, id) => (x > 0 ? id : -1)).filter(id => id >= 0)).toEqual([7, 15]);
    expect([...gradientOf(decoder)].every(x => x > 0)).toBe(true);
  });

  it('may share neither the tables nor the output layer', () => {
    const tables = ['encoder.embed_tokens', 'decoder.embed_tokens'];
    const model = marian({ share_encoder_decoder_embeddings: false, tie_word_embeddings: false });
    const { w, decoded } = naive(model, { tables });
    const expected = logitsOf(decoded, w.matrix('lm_head.weight'), w.matrix('final_logits_bias')[0]);
    expectClose(run(model, inputs).logits!, expected, { atol: 5e-5, rtol: 1e-4 });
  });

  it('needs something to write after', () => {
    const model = randomModel({ ...sizes, architectures: ['MarianModel'] });
    expect(() => run(model, { inputIds: inputs.inputIds })).toThrow(/nothing to read: give decoderInputIds/);
    expect(() => run(marian(), { inputIds: inputs.inputIds })).toThrow(/decoderInputIds or labels/);
  });
});

describe('checkpoints', () => {
  it('hold no positions; what old ones hold of them is computed anyway', () => {
    const model = marian();
    expect(keysOf(model).some(key => key.includes('positions'))).toBe(false);
    const folder = saved(join(scratch, 'old'), model, tensors => {
      for (const side of ['encoder', 'decoder'])
        tensors.set(`model.${side}.embed_positions.weight`, zeros([9, hidden]));
      tensors.set('model.encoder.embed_tokens.weight', tensors.get('model.shared.weight')!);
      tensors.set('model.decoder.embed_tokens.weight', tensors.get('model.shared.weight')!);
      tensors.set('lm_head.weight', tensors.get('model.shared.weight')!);
    });
    const { model: loaded, missing, unexpected } = loadModel(folder);
    expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] });
    expectClose(run(loaded, inputs).logits!, run(model, inputs).logits!);
  });
});

describe('config.json', () => {
  it('of published models is understood', () => {
    const published = {
      ...sizes,
      _num_labels: 3,
      activation_dropout: 0.0,
      add_bias_logits: false,
      add_final_layer_norm: false,
      bad_words_ids: [[19]],
      bos_token_id: 0,
      classif_dropout: 0.0,
      classifier_dropout: 0.0,
      decoder_layerdrop: 0.0,
      extra_pos_embeddings: 19,
      forced_eos_token_id: 0,
      is_encoder_decoder: true,
      max_length: 512,
      normalize_before: false,
      normalize_embedding: false,
      num_beams: 6,
      num_hidden_layers: 2,
      static_position_embeddings: true,
    };
    expect(createFromConfig(published, { seed: 1 }).task).toBe('seq2seqLM');
  });

  it.each([
    ['normalize_embedding', true],
    ['static_position_embeddings', false],
    ['encoder_layerdrop', 0.5],
  ])('with %s %s is refused', (key, value) => {
    expect(() => marian({ [key]: value })).toThrow(new RegExp(key));
  });
});

describe('a new model', () => {
  it('has the sizes asked for', () => {
    const model = createModel(
      'marian',
      { layers: 1, hidden: 16, heads: 2, context: 30, vocabSize: 50 },
      { seed: 1, eosTokenId: 3 },
    );
    expect(model.config).toMatchObject({ scale_embedding: true, activation_function: 'swish', pad_token_id: 3 });
    const { loss } = run(model, { inputIds: int64([[4, 5]]), labels: int64([[6, 3]]) });
    expect(Math.abs(loss!.item() - Math.log(50))).toBeLessThan(0.5);
  });
});
