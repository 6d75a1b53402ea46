/** What holds of every encoder–decoder. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCompleteModel, saveModel } from '../../src/models/auto.ts';
import type { EncoderDecoder } from '../../src/models/encoder-decoder.ts';
import type { Model, ModelInputs } from '../../src/models/model.ts';
import { KVCache } from '../../src/nn/index.ts';
import { autocast, cat, inferenceMode, memoryStats, ones, randn, scope, withSeed } from '../../src/torch/index.ts';
import { scratchFolder } from '../support/scratch.ts';
import { expectClose } from '../torch/helpers.ts';
import { keysOf, randomModel, run } from './families/helpers.ts';
import { int64 } from './golden.ts';

const scratch = scratchFolder();
const bart = {
  vocab_size: 30,
  d_model: 8,
  encoder_layers: 1,
  encoder_attention_heads: 2,
  encoder_ffn_dim: 12,
  decoder_layers: 2,
  decoder_attention_heads: 4,
  decoder_ffn_dim: 12,
  max_position_embeddings: 16,
  pad_token_id: 1,
  decoder_start_token_id: 2,
};
const t5 = {
  vocab_size: 30,
  d_model: 8,
  d_kv: 3,
  d_ff: 12,
  num_layers: 2,
  num_heads: 2,
  relative_attention_num_buckets: 8,
  relative_attention_max_distance: 6,
};
const vit = {
  model_type: 'vit',
  hidden_size: 6,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: 6,
  patch_size: 3,
};
const gpt2 = {
  model_type: 'gpt2',
  n_embd: 8,
  n_layer: 2,
  n_head: 2,
  n_positions: 16,
  vocab_size: 30,
  add_cross_attention: true,
};

const configs: Record<string, Record<string, unknown>> = {
  bart: { model_type: 'bart', architectures: ['BartForConditionalGeneration'], ...bart },
  marian: { model_type: 'marian', architectures: ['MarianMTModel'], ...bart, scale_embedding: true },
  t5: { model_type: 't5', architectures: ['T5ForConditionalGeneration'], ...t5 },
  mt5: { model_type: 'mt5', architectures: ['MT5ForConditionalGeneration'], ...t5, tie_word_embeddings: false },
  'vit and gpt2': {
    model_type: 'vision-encoder-decoder',
    architectures: ['VisionEncoderDecoderModel'],
    encoder: vit,
    decoder: gpt2,
  },
};
const models = Object.fromEntries(Object.entries(configs).map(([name, config]) => [name, randomModel(config)]));
const names = Object.keys(models);
const readers = names.filter(name => name !== 'vit and gpt2');

const texts = int64([
  [5, 7, 9, 12, 4],
  [8, 6, 3, 5, 20],
]);
const mask = int64([
  [1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0],
]);
const pixelValues = withSeed(2, () => randn([2, 3, 6, 6]));
const decoderInputIds = int64([
  [2, 4, 11, 9, 17, 5, 6],
  [2, 6, 13, 10, 3, 3, 8],
]);
const inputsOf = (name: string): ModelInputs =>
  name === 'vit and gpt2' ? { pixelValues } : { inputIds: texts, attentionMask: mask };
const backboneOf = (model: Model) => model.backbone as EncoderDecoder;

describe('a cache', () => {
  it.each(names)('changes nothing, however the text is cut: %s', name => {
    const model = models[name];
    const whole = run(model, { ...inputsOf(name), decoderInputIds });
    for (const cut of [[7], [1, 1, 1, 1, 1, 1, 1], [3, 1, 3]]) {
      using cache = new KVCache(model.backbone.layerCount, 7);
      inferenceMode(() => {
        // What the encoder made of its input is computed once.
        const encoderOutput = backboneOf(model).encode(inputsOf(name));
        let start = 0;
        for (const time of cut) {
          const { logits } = model.forward({
            encoderOutput,
            attentionMask: inputsOf(name).attentionMask,
            decoderInputIds: decoderInputIds.narrow(1, start, time),
            cache,
          });
          const expected = whole.logits!.narrow(1, start, time);
          expectClose(logits!, expected, { atol: 2e-5, rtol: 1e-4, name: `cut ${cut} at ${start}` });
          start += time;
        }
      });
    }
  });

  it.each(names)('follows its rows when beams change places: %s', name => {
    const model = models[name];
    const { inputIds, attentionMask, pixelValues: pixels } = inputsOf(name);
    const swap = int64([[1, 0, 1]]).view([3]);
    using cache = new KVCache(model.backbone.layerCount, 7);
    const encoded = run(model, { ...inputsOf(name), decoderInputIds: decoderInputIds.narrow(1, 0, 3), cache });
    cache.selectRows(swap);
    const { logits } = run(model, {
      encoderOutput: { lastHiddenState: encoded.encoderLastHiddenState!.indexSelect(0, swap) },
      attentionMask: attentionMask?.indexSelect(0, swap),
      decoderInputIds: int64([[9], [17], [4]]),
      cache,
    });
    const expected = run(model, {
      inputIds: inputIds?.indexSelect(0, swap),
      attentionMask: attentionMask?.indexSelect(0, swap),
      pixelValues: pixels?.indexSelect(0, swap),
      decoderInputIds: cat([decoderInputIds.narrow(1, 0, 3).indexSelect(0, swap), int64([[9], [17], [4]])], 1),
    }).logits!;
    expectClose(logits!, expected.narrow(1, 3, 1), { atol: 2e-5, rtol: 1e-4 });
  });
});

describe('padding', () => {
  it.each(readers)('of the encoder has no influence: %s', name => {
    const model = models[name];
    const one = { inputIds: texts.narrow(0, 1, 1), decoderInputIds: decoderInputIds.narrow(0, 1, 1) };
    const alone = run(model, { ...one, inputIds: one.inputIds.narrow(1, 0, 3) }).logits!;
    const padded = run(model, { ...one, attentionMask: mask.narrow(0, 1, 1) }).logits!;
    expectClose(padded, alone, { atol: 2e-5, rtol: 1e-4 });
    expect(run(model, one).logits!.sub(alone).abs().amax().item()).toBeGreaterThan(1e-3);
  });

  it.each(names)('of the decoder has no influence on what comes before: %s', name => {
    const model = models[name];
    const decoderAttentionMask = cat(
      [
        ones([2, 4], { dtype: 'int64' }),
        int64([
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ],
      1,
    );
    const { logits } = run(model, { ...inputsOf(name), decoderInputIds, decoderAttentionMask });
    const short = run(model, { ...inputsOf(name), decoderInputIds: decoderInputIds.narrow(1, 0, 4) }).logits!;
    expectClose(logits!.narrow(1, 0, 4), short, { atol: 2e-5, rtol: 1e-4 });
    expect(logits!.isfinite().all().item()).toBe(1);
  });

  it.each(names)('in front of the decoder is not attended to: %s', name => {
    const model = models[name];
    const decoderAttentionMask = int64([
      [0, 1, 1, 1, 1, 1, 1],
      [0, 1, 1, 1, 1, 1, 1],
    ]);
    const other = cat([int64([[25], [26]]), decoderInputIds.narrow(1, 1, 6)], 1);
    const [a, b] = [decoderInputIds, other].map(
      ids => run(model, { ...inputsOf(name), decoderInputIds: ids, decoderAttentionMask }).logits!,
    );
    expectClose(a.narrow(1, 1, 6), b.narrow(1, 1, 6), { atol: 2e-5 });
  });
});

describe('inputs', () => {
  it.each(names)('may be vectors instead of tokens: %s', name => {
    const model = models[name];
    const { encoder, decoder } = backboneOf(model);
    const vectors = (side: unknown, ids: typeof texts) => {
      const { word, options } = (side as typeof decoder).embeddings;
      return inferenceMode(() => word.forward(ids).mul(options.scaleGiven ? 1 : (options.scale ?? 1)));
    };
    const expected = run(model, { ...inputsOf(name), decoderInputIds });
    const given = run(model, { ...inputsOf(name), decoderInputsEmbeds: vectors(decoder, decoderInputIds) });
    expectClose(given.logits!, expected.logits!, { atol: 1e-5 });
    if (name === 'vit and gpt2') return;
    const read = run(model, { inputsEmbeds: vectors(encoder, texts), attentionMask: mask, decoderInputIds });
    expectClose(read.logits!, expected.logits!, { atol: 1e-5 });
  });

  it.each(names)('are labels shifted right: %s', name => {
    const model = models[name];
    const labels = int64([
      [4, 11, -100],
      [6, -100, -100],
    ]);
    const { decoderStartTokenId: start, padTokenId: pad } = backboneOf(model).options;
    const shifted = int64([
      [start, 4, 11],
      [start, 6, pad],
    ]);
    expect(backboneOf(model).shiftRight(labels).equal(shifted)).toBe(true);
    const output = run(model, { ...inputsOf(name), labels });
    expectClose(output.logits!, run(model, { ...inputsOf(name), decoderInputIds: shifted }).logits!);
    const logs = output.logits!.logSoftmax(-1).toArray() as number[][][];
    expect(output.loss!.item()).toBeCloseTo(-(logs[0][0][4] + logs[0][1][11] + logs[1][0][6]) / 3, 4);
  });
});

describe('everything else', () => {
  it.each(names)('hidden states and attention maps have the shapes of Hugging Face: %s', name => {
    const model = models[name];
    const output = run(model, {
      ...inputsOf(name),
      decoderInputIds,
      outputHiddenStates: true,
      outputAttentions: true,
    });
    const { encoder, decoder } = backboneOf(model);
    const keys = output.encoderLastHiddenState!.size(1);
    expect(output.encoderHiddenStates!.map(({ shape }) => shape)).toEqual(
      Array.from({ length: encoder.layerCount + 1 }, () => [2, keys, encoder.hidden]),
    );
    expect(output.decoderHiddenStates!.length).toBe(decoder.layerCount + 1);
    const { heads } = decoder.stack.layers[0].attention;
    expect(output.decoderAttentions!.map(({ shape }) => shape)).toEqual([
      [2, heads, 7, 7],
      [2, heads, 7, 7],
    ]);
    expect(output.crossAttentions!.map(({ shape }) => shape)).toEqual([
      [2, heads, 7, keys],
      [2, heads, 7, keys],
    ]);
    for (const map of output.crossAttentions!) expectClose(map.sum([-1]), ones([2, heads, 7]), { atol: 1e-5 });
  });

  it.each(names)('saved and loaded, a model is the same: %s', name => {
    const model = models[name];
    const folder = join(scratch, name);
    saveModel(folder, model);
    const again = loadCompleteModel(folder);
    expect(keysOf(again).sort()).toEqual(keysOf(model).sort());
    const inputs = { ...inputsOf(name), decoderInputIds };
    const weights = new Map(again.namedParameters());
    for (const [key, weight] of model.namedParameters()) expect(weights.get(key)!.equal(weight), key).toBe(true);
    // The order of sums may depend on where in memory a weight lies.
    expectClose(run(again, inputs).logits!, run(model, inputs).logits!, { atol: 1e-5 });
  });

  it.each(names)('in bfloat16 and in mixed precision results are near: %s', name => {
    const folder = join(scratch, `${name} in 16 bits`);
    saveModel(folder, models[name]);
    const inputs = { ...inputsOf(name), decoderInputIds };
    const exact = run(models[name], inputs).logits!;
    const half = loadCompleteModel(folder, { dtype: 'bfloat16' });
    const { pixelValues: pixels } = inputs;
    const results = [
      run(half, { ...inputs, pixelValues: pixels?.to('bfloat16') }).logits!,
      inferenceMode(() => autocast('bfloat16', () => models[name].forward(inputs).logits!)),
    ];
    const scale = exact.abs().amax().item();
    for (const logits of results) {
      expect(logits.to('float32').sub(exact).abs().amax().item() / scale).toBeLessThan(0.1);
    }
  });

  it.each(names)('a step keeps no memory: %s', name => {
    const model = models[name];
    const step = (): void => scope(() => void run(model, { ...inputsOf(name), decoderInputIds }));
    step();
    const before = memoryStats().liveBytes;
    step();
    expect(memoryStats().liveBytes).toBe(before);
  });
});
