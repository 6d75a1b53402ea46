import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCompleteModel, loadModel } from '../../../src/models/auto.ts';
import { KVCache } from '../../../src/nn/index.ts';
import { randn, type Tensor, tensor, withSeed } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, rename, run, saved } from './helpers.ts';
import {
  add,
  bertLayerKeys,
  bertStates,
  dot,
  gelu,
  layerNorm,
  linear,
  type Matrix,
  type Vector,
  type Weights,
  weightsOf,
} from './naive.ts';
import { attend } from './naive-seq2seq.ts';

const scratch = scratchFolder();
const heads = 2;
const half = {
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: heads,
  intermediate_size: 12,
  max_position_embeddings: 12,
};
const writes = { is_decoder: true, add_cross_attention: true };
const pair = (encoder: object, decoder: object, more: object = {}) => ({
  model_type: 'encoder-decoder',
  architectures: ['EncoderDecoderModel'],
  decoder_start_token_id: 2,
  pad_token_id: 0,
  encoder: { ...half, ...encoder },
  decoder: { ...half, ...writes, ...decoder },
  ...more,
});
const bert2bert = (more: object = {}) => pair({ model_type: 'bert' }, { model_type: 'bert', ...more });

const ids = [
  [5, 7, 9, 12],
  [8, 6, 0, 0],
];
const masks = ids.map(row => row.map(id => (id === 0 ? 0 : 1)));
const labels = [
  [4, 11, 7],
  [6, 3, -100],
];
const starts = [
  [2, 4, 11],
  [2, 6, 3],
];
const inputs = { inputIds: int64(ids), attentionMask: int64(masks), labels: int64(labels) };
const close = (actual: Tensor | undefined, expected: Matrix | Matrix[]) =>
  expectClose(actual!, tensor(expected), { atol: 5e-5, rtol: 1e-4 });

/** BERT that sees what came before and attends to an encoder's output; its head. */
function bertDecode(
  w: Weights,
  text: Vector,
  {
    memory,
    mask,
    prefix = 'decoder.bert.',
    offset = 0,
  }: { memory: Matrix; mask?: Vector; prefix?: string; offset?: number },
): Matrix {
  const table = (name: string): Matrix => w.matrix(`${prefix}embeddings.${name}_embeddings.weight`);
  const norm = (key: string, row: Vector): Vector => layerNorm(w, key, row);
  let x = text.map((id, t) =>
    norm(
      `${prefix}embeddings.LayerNorm`,
      add(table('word')[id], table('position')[t + offset], table('token_type')[0]),
    ),
  );
  for (let i = 0; i < 2; i++) {
    const keys = bertLayerKeys(prefix, i);
    const through = (root: string, from: Matrix, options: object): Matrix => {
      const [q, k, v] = ['query', 'key', 'value'].map((name, j) =>
        (j === 0 ? x : from).map(row => linear(w, `${root}.self.${name}`, row)),
      );
      const context = attend(q, k, v, { heads, ...options }).map(row => linear(w, `${root}.output.dense`, row));
      return x.map((row, t) => norm(`${root}.output.LayerNorm`, add(row, context[t])));
    };
    const layer = `${prefix}encoder.layer.${i}`;
    x = through(`${layer}.attention`, x, { causal: true });
    x = through(`${layer}.crossattention`, memory, { mask });
    x = x.map(row =>
      norm(keys.outputNorm, add(row, linear(w, keys.outerOutput, linear(w, keys.input, row).map(gelu)))),
    );
  }
  return x;
}

const bertScores = (w: Weights, x: Vector): Vector => {
  const root = 'decoder.cls.predictions';
  const y = layerNorm(w, `${root}.transform.LayerNorm`, linear(w, `${root}.transform.dense`, x).map(gelu));
  const bias = w.vector(`${root}.bias`);
  return w.matrix('decoder.bert.embeddings.word_embeddings.weight').map((row, id) => dot(row, y) + bias[id]);
};

describe('BERT with BERT', () => {
  const model = randomModel(bert2bert());
  const w = weightsOf(model);
  const memories = ids.map((text, i) => bertStates(w, 'encoder.', text, { heads, layers: 2, mask: masks[i] }));
  const decoded = memories.map((memory, i) => bertDecode(w, starts[i], { memory, mask: masks[i] }));

  it('writes what follows from what it has written and what the other has read', () => {
    const output = run(model, inputs);
    close(output.lastHiddenState, decoded);
    const scores = decoded.map(text => text.map(x => bertScores(w, x)));
    close(output.logits, scores);
    const logs = output.logits!.logSoftmax(-1).toArray() as Matrix[];
    const expected = -(logs[0][0][4] + logs[0][1][11] + logs[0][2][7] + logs[1][0][6] + logs[1][1][3]) / 5;
    expect(output.loss!.item()).toBeCloseTo(expected, 4);
  });

  it('does not see the padding that stands for ignored labels', () => {
    const gaps = int64([
      [4, -100, 7],
      [6, -100, -100],
    ]);
    const read = {
      decoderInputIds: int64([
        [2, 4, 0],
        [2, 6, 0],
      ]),
      decoderAttentionMask: int64([
        [1, 1, 0],
        [1, 1, 0],
      ]),
    };
    const { logits } = run(model, { ...inputs, labels: gaps });
    expectClose(logits!, run(model, { ...inputs, labels: undefined, ...read }).logits!);
    const seen = run(model, { ...inputs, labels: undefined, decoderInputIds: read.decoderInputIds }).logits!;
    expect(logits!.sub(seen).abs().amax().item()).toBeGreaterThan(1e-3);
  });

  it('is the same with a cache', () => {
    using cache = new KVCache(model.backbone.layerCount, 3);
    for (const t of [0, 1, 2]) {
      const step = { ...inputs, labels: undefined, decoderInputIds: int64(starts).narrow(1, t, 1), cache };
      const { lastHiddenState, logits } = run(model, { ...step, logitsToKeep: 1 });
      close(
        lastHiddenState,
        decoded.map(text => [text[t]]),
      );
      expect(logits!.shape).toEqual([2, 1, 20]);
    }
  });

  it('has the keys of Hugging Face, and reads older ones', () => {
    for (const key of [
      'encoder.embeddings.word_embeddings.weight',
      'encoder.pooler.dense.weight',
      'decoder.bert.encoder.layer.1.crossattention.self.query.weight',
      'decoder.bert.encoder.layer.0.crossattention.output.LayerNorm.bias',
      'decoder.cls.predictions.bias',
      'decoder.cls.predictions.transform.dense.weight',
    ]) {
      expect(keysOf(model)).toContain(key);
    }
    const folder = saved(join(scratch, 'older'), model, tensors => {
      rename(tensors, /LayerNorm\.weight$/, 'LayerNorm.gamma');
      rename(tensors, /LayerNorm\.bias$/, 'LayerNorm.beta');
      const bias = tensors.get('decoder.cls.predictions.bias')!;
      tensors.set('decoder.cls.predictions.decoder.bias', bias);
      tensors.set(
        'decoder.cls.predictions.decoder.weight',
        tensors.get('decoder.bert.embeddings.word_embeddings.weight')!,
      );
      tensors.set('decoder.bert.embeddings.position_ids', tensor([[0, 1]], { dtype: 'int64' }));
    });
    const { model: loaded, missing, unexpected } = loadModel(folder);
    expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] });
    expectClose(run(loaded, inputs).logits!, run(model, inputs).logits!);
    const again = saved(join(scratch, 'again'), loaded);
    expectClose(run(loadCompleteModel(again), inputs).logits!, run(model, inputs).logits!);
  });

  it('tells segments of what it reads apart', () => {
    const types = [
      [0, 0, 1, 1],
      [0, 1, 0, 0],
    ];
    const read = ids.map((text, i) =>
      bertStates(w, 'encoder.', text, { heads, layers: 2, mask: masks[i], types: types[i] }),
    );
    close(
      run(model, { ...inputs, tokenTypeIds: int64(types) }).lastHiddenState,
      read.map((memory, i) => bertDecode(w, starts[i], { memory, mask: masks[i] })),
    );
  });
});

describe('other pairs', () => {
  it('RoBERTa writes from after its padding id on', () => {
    const model = randomModel(pair({ model_type: 'bert', hidden_size: 6 }, { model_type: 'roberta' }));
    const w = weightsOf(model);
    const memories = run(model, inputs).encoderLastHiddenState!.toArray() as Matrix[];
    const projected = memories.map(text => text.map(x => linear(w, 'enc_to_dec_proj', x)));
    const texts = [
      [2, 4, 11],
      [2, 6, 3],
    ];
    close(
      run(model, { ...inputs, decoderInputIds: int64(texts) }).lastHiddenState,
      projected.map((memory, i) =>
        bertDecode(w, texts[i], { memory, mask: masks[i], prefix: 'decoder.roberta.', offset: 2 }),
      ),
    );
    expect(keysOf(model)).toContain('decoder.lm_head.layer_norm.weight');
  });

  it('BERT writes about an image', () => {
    const vit = { ...half, model_type: 'vit', image_size: 6, patch_size: 3 };
    const { vocab_size: _, max_position_embeddings: __, ...encoder } = vit;
    const model = randomModel({
      model_type: 'vision-encoder-decoder',
      architectures: ['VisionEncoderDecoderModel'],
      decoder_start_token_id: 2,
      encoder,
      decoder: { ...half, ...writes, model_type: 'bert' },
    });
    const w = weightsOf(model);
    const pixelValues = withSeed(1, () => randn([2, 3, 6, 6]));
    const { encoderLastHiddenState, logits } = run(model, { pixelValues, labels: inputs.labels });
    const memories = encoderLastHiddenState!.toArray() as Matrix[];
    const texts = starts.map((text, i) => (i === 0 ? text : [2, 6, 3]));
    close(
      logits,
      memories.map((memory, i) => bertDecode(w, texts[i], { memory }).map(x => bertScores(w, x))),
    );
  });

  it.each([
    ['a decoder that is none', { is_decoder: false }, /is_decoder must be true/],
    ['a decoder that learns nothing of the text', { add_cross_attention: false }, /decoder\.add_cross_attention/],
    ['positions that are no table', { position_embedding_type: 'relative_key' }, /position_embedding_type/],
  ])('are refused with %s', (_, change, message) => {
    expect(() => randomModel(bert2bert(change))).toThrow(message);
  });

  it('whose halves are one network are refused', () => {
    const shared = pair({ model_type: 'bert' }, { model_type: 'bert' }, { tie_encoder_decoder: true });
    expect(() => randomModel(shared)).toThrow(/tie_encoder_decoder/);
  });
});
