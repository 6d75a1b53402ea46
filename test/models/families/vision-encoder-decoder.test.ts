import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadModel } from '../../../src/models/auto.ts';
import type { EncoderDecoder } from '../../../src/models/encoder-decoder.ts';
import { noGrad, randn, type Tensor, tensor, withSeed, zeros } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, run, saved } from './helpers.ts';
import {
  add,
  crossEntropy,
  dot,
  geluTanh,
  layerNorm,
  type Matrix,
  mean,
  type Vector,
  type Weights,
  weightsOf,
} from './naive.ts';
import { attend } from './naive-seq2seq.ts';

const scratch = scratchFolder();
const [hidden, heads, layers] = [8, 2, 2];
const encoder = {
  model_type: 'vit',
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: 6,
  patch_size: 3,
};
const decoder = {
  model_type: 'gpt2',
  n_embd: hidden,
  n_layer: layers,
  n_head: heads,
  n_positions: 9,
  vocab_size: 20,
  add_cross_attention: true,
  is_decoder: true,
};
const pair = ({
  encoder: e = {},
  decoder: d = {},
  ...more
}: Record<string, object | number | string | boolean> = {}) => ({
  model_type: 'vision-encoder-decoder',
  architectures: ['VisionEncoderDecoderModel'],
  decoder_start_token_id: 1,
  pad_token_id: 0,
  encoder: { ...encoder, ...(e as object) },
  decoder: { ...decoder, ...(d as object) },
  ...more,
});

const pixelValues = withSeed(5, () => randn([2, 3, 6, 6]));
const labels = [
  [4, 11, 7, 2],
  [6, 2, -100, -100],
];
const starts = [
  [1, 4, 11, 7],
  [1, 6, 2, 0],
];
const inputs = { pixelValues, labels: int64(labels) };
const close = (actual: Tensor | undefined, expected: number | Matrix | Matrix[]) =>
  expectClose(actual!, tensor(expected), { atol: 5e-5, rtol: 1e-4 });

/** x W + b of a matrix that is stored as [in, out]. */
const conv = (w: Weights, key: string, x: Vector): Vector => {
  const [matrix, bias] = [w.matrix(`${key}.weight`), w.vector(`${key}.bias`)];
  return bias.map((b, j) => x.reduce((sum, value, i) => sum + value * matrix[i][j], b));
};

const third = (rows: Matrix, i: number, of: number): Matrix => {
  const width = rows[0].length / of;
  return rows.map(row => row.slice(i * width, (i + 1) * width));
};

/** GPT-2 that attends to an encoder's output. */
function caption(
  w: Weights,
  text: Vector,
  memory: Matrix,
  scaleOf = (_: number) => 1 / Math.sqrt(hidden / heads),
): Matrix {
  const root = 'decoder.transformer';
  const norm = (key: string, x: Matrix): Matrix => x.map(row => layerNorm(w, `${root}.${key}`, row, 1e-5));
  let x = text.map((id, t) => add(w.matrix(`${root}.wte.weight`)[id], w.matrix(`${root}.wpe.weight`)[t]));
  for (let i = 0; i < layers; i++) {
    const layer = `${root}.h.${i}`;
    const scale = scaleOf(i);
    const qkv = norm(`h.${i}.ln_1`, x).map(row => conv(w, `${layer}.attn.c_attn`, row));
    const [q, k, v] = [0, 1, 2].map(part => third(qkv, part, 3));
    const own = attend(q, k, v, { heads, scale, causal: true });
    x = x.map((row, t) => add(row, conv(w, `${layer}.attn.c_proj`, own[t])));
    const asked = norm(`h.${i}.ln_cross_attn`, x).map(row => conv(w, `${layer}.crossattention.q_attn`, row));
    const told = memory.map(row => conv(w, `${layer}.crossattention.c_attn`, row));
    const seen = attend(asked, third(told, 0, 2), third(told, 1, 2), { heads, scale });
    x = x.map((row, t) => add(row, conv(w, `${layer}.crossattention.c_proj`, seen[t])));
    const inner = norm(`h.${i}.ln_2`, x).map(row => conv(w, `${layer}.mlp.c_fc`, row).map(geluTanh));
    x = x.map((row, t) => add(row, conv(w, `${layer}.mlp.c_proj`, inner[t])));
  }
  return norm('ln_f', x);
}

const memoryOf = (model: ReturnType<typeof randomModel>): Matrix[] =>
  run(model, inputs).encoderLastHiddenState!.toArray() as Matrix[];

describe('captions', () => {
  it('come from a GPT-2 that attends to the image', () => {
    const model = randomModel(pair());
    const w = weightsOf(model);
    const decoded = memoryOf(model).map((memory, i) => caption(w, starts[i], memory));
    const table = w.matrix('decoder.transformer.wte.weight');
    const logits = decoded.map(text => text.map(x => table.map(row => dot(row, x))));
    const output = run(model, inputs);
    close(output.logits, logits);
    close(
      output.loss,
      mean(labels.flatMap((row, i) => row.flatMap((label, t) => (label < 0 ? [] : crossEntropy(logits[i][t], label))))),
    );
    expect(output.encoderLastHiddenState!.shape).toEqual([2, 5, 8]);
  });

  it('see an image of another width through a projection', () => {
    const model = randomModel(pair({ encoder: { hidden_size: 6 } }));
    const w = weightsOf(model);
    const [matrix, bias] = [w.matrix('enc_to_dec_proj.weight'), w.vector('enc_to_dec_proj.bias')];
    const memories = memoryOf(model).map(rows => rows.map(x => matrix.map((row, i) => dot(row, x) + bias[i])));
    expect(memoryOf(model)[0][0].length).toBe(6);
    close(
      run(model, inputs).lastHiddenState,
      memories.map((memory, i) => caption(w, starts[i], memory)),
    );
  });

  it('may have an output layer of their own, and scores by layer', () => {
    const model = randomModel(pair({ decoder: { tie_word_embeddings: false, scale_attn_by_inverse_layer_idx: true } }));
    const w = weightsOf(model);
    const scale = (layer: number): number => 1 / Math.sqrt(hidden / heads) / (layer + 1);
    const decoded = memoryOf(model).map((memory, i) => caption(w, starts[i], memory, scale));
    const output = w.matrix('decoder.lm_head.weight');
    close(
      run(model, inputs).logits,
      decoded.map(text => text.map(x => output.map(row => dot(row, x)))),
    );
  });

  it('start with what the pair says, else with what its decoder does', () => {
    const options = (config: Record<string, unknown>) => (randomModel(config).backbone as EncoderDecoder).options;
    expect(options(pair())).toMatchObject({ decoderStartTokenId: 1, padTokenId: 0 });
    const {
      decoder_start_token_id: _,
      pad_token_id: __,
      ...rest
    } = pair({ decoder: { bos_token_id: 5, pad_token_id: 6 } });
    expect(options(rest)).toMatchObject({ decoderStartTokenId: 5, padTokenId: 6 });
  });
});

describe('checkpoints', () => {
  it('of published models load: with causal masks, the tied matrix, the full configurations of Transformers 4', () => {
    const everything = {
      _name_or_path: '',
      bad_words_ids: null,
      chunk_size_feed_forward: 0,
      cross_attention_hidden_size: null,
      decoder_start_token_id: null,
      diversity_penalty: 0.0,
      do_sample: false,
      finetuning_task: null,
      is_encoder_decoder: false,
      max_length: 20,
      num_beams: 1,
      prefix: null,
      pruned_heads: {},
      return_dict: true,
      sep_token_id: null,
      task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
      tf_legacy_loss: false,
      tie_encoder_decoder: false,
      tie_word_embeddings: true,
      torchscript: false,
      typical_p: 1.0,
      use_bfloat16: false,
    };
    const model = randomModel(
      pair({
        encoder: { ...everything, add_cross_attention: false, is_decoder: false, encoder_stride: 16 },
        decoder: { ...everything, n_ctx: 9 },
        is_encoder_decoder: true,
        tie_word_embeddings: false,
      }),
    );
    const folder = saved(join(scratch, 'published'), model, tensors => {
      for (const name of ['attn', 'crossattention']) {
        tensors.set(`decoder.transformer.h.0.${name}.bias`, zeros([1, 1, 9, 9]));
        tensors.set(`decoder.transformer.h.0.${name}.masked_bias`, tensor(-1e4));
      }
      tensors.set('decoder.lm_head.weight', tensors.get('decoder.transformer.wte.weight')!);
    });
    const { model: loaded, missing, unexpected } = loadModel(folder);
    expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] });
    expectClose(run(loaded, inputs).logits!, run(model, inputs).logits!);
    expect(keysOf(loaded)).toContain('encoder.pooler.dense.weight');
    expect(keysOf(loaded)).not.toContain('decoder.lm_head.weight');
  });
});

describe('config.json', () => {
  it.each([
    ['an encoder that is not known', { encoder: { model_type: 'swin' } }, /encoder\.model_type/],
    ['a decoder that is not known', { decoder: { model_type: 'bloom' } }, /decoder\.model_type/],
    ['a decoder that cannot see', { decoder: { add_cross_attention: false } }, /decoder\.add_cross_attention/],
    [
      'a width that attention to the encoder has alone',
      { decoder: { cross_attention_hidden_size: 4 } },
      /cross_attention/,
    ],
    ['sizes of a part', { encoder: { num_attention_heads: 3 } }, /heads/],
  ])('is refused for %s', (_, change, message) => {
    expect(() => randomModel(pair(change))).toThrow(message);
  });

  it('follows from sizes: a ViT and a GPT-2 of the same width', () => {
    const sizes = { layers: 1, hidden: 8, heads: 2, context: 9, vocabSize: 20 };
    using model = createModel('vision-encoder-decoder', sizes, { seed: 1 });
    expect(model.config).toMatchObject({
      encoder: { model_type: 'vit', hidden_size: 8 },
      decoder: { model_type: 'gpt2', n_embd: 8, n_positions: 9, vocab_size: 20 },
    });
  });
});

describe('a new pair', () => {
  it('has weights as each family draws them', () => {
    const wide = { hidden_size: 64, intermediate_size: 96 };
    const config = pair({ encoder: wide, decoder: { n_embd: 48, n_layer: 2, initializer_range: 0.1 } });
    const model = createFromConfig(config, { seed: 1 });
    const { encoder: vit, decoder: gpt2, projection } = model.backbone as EncoderDecoder;
    const deviations = new Map(
      noGrad(() =>
        [
          ...vit.namedParameters('encoder.'),
          ...gpt2.namedParameters('decoder.'),
          ...projection!.namedParameters('projection.'),
        ].map(([path, weight]) => [path, Math.sqrt(weight.square().mean().item())]),
      ),
    );
    for (const [path, expected] of [
      ['encoder.stack.layers.0.attention.query.weight', 0.02],
      ['decoder.stack.layers.1.crossAttention.keyValue.weight', 0.1],
      ['decoder.stack.layers.1.crossAttention.output.weight', 0.1 / 2],
      ['decoder.stack.layers.0.attention.output.weight', 0.1 / 2],
      ['projection.weight', 0.02],
    ] as const) {
      expect(Math.abs(deviations.get(path)! / expected - 1), path).toBeLessThan(0.06);
    }
    expect(deviations.get('projection.bias')).toBe(0);
    expect(deviations.get('decoder.stack.layers.0.crossAttentionNorm.weight')).toBe(1);
  });
});
