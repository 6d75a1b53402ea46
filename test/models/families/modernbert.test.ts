import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel } from '../../../src/models/auto.ts';
import type { Encoder } from '../../../src/models/encoder.ts';
import type { Model, ModelInputs } from '../../../src/models/model.ts';
import {
  arange,
  autocast,
  backward,
  randint,
  scope,
  stack,
  type Tensor,
  tensor,
  withSeed,
} from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { forwardPeak, keysOf, randomModel, run, saved } from './helpers.ts';
import { add, dot, gelu, linear, type Matrix, softmax, type Vector, type Weights, weightsOf } from './naive.ts';

const scratch = scratchFolder();
const [hidden, heads, layers, eps] = [8, 2, 3, 1e-5];
const dim = hidden / heads;
const base = {
  model_type: 'modernbert',
  vocab_size: 20,
  hidden_size: hidden,
  intermediate_size: 12,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  max_position_embeddings: 32,
  pad_token_id: 1,
  local_attention: 4,
  global_attn_every_n_layers: 2,
  global_rope_theta: 500,
  local_rope_theta: 20,
};
const plainLayers = { layer_types: Array(layers).fill('sliding_attention') };
const modernBert = (name: string, more: object = {}): Model =>
  randomModel({ ...base, architectures: [`ModernBert${name}`], ...more });

// Longer than the window; padding (1) on the right, on the left, and none.
const ids = [
  [0, 5, 7, 11, 2, 9, 8, 1, 1, 1],
  [1, 1, 0, 6, 19, 3, 7, 3, 4, 2],
  [0, 12, 9, 8, 2, 4, 17, 6, 3, 2],
];
const masks = ids.map(row => row.map(id => (id === 1 ? 0 : 1)));
const inputs = { inputIds: int64(ids), attentionMask: int64(masks) };

function norm(w: Weights, key: string, x: Vector): Vector {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length + eps);
  return w.vector(`${key}.weight`).map((weight, i) => (weight * (x[i] - mean)) / deviation);
}

function turned(x: Vector, position: number, theta: number): Vector {
  const half = x.length / 2;
  return x.map((value, i) => {
    const angle = position * theta ** (-(2 * (i % half)) / x.length);
    return value * Math.cos(angle) + (i < half ? -x[i + half] : x[i - half]) * Math.sin(angle);
  });
}

/** Hidden states of a row after the paper. `reach`: positions on each side, by layer; `starts`: of documents. */
function naiveStates(
  model: Model,
  row: Vector,
  mask: Vector = row.map(() => 1),
  { starts = row.map(() => 0) }: { starts?: Vector } = {},
): Matrix {
  const w = weightsOf(model);
  const prefix = model.task === 'backbone' ? '' : 'model.';
  let x = row.map(id => norm(w, `${prefix}embeddings.norm`, w.matrix(`${prefix}embeddings.tok_embeddings.weight`)[id]));
  for (let layer = 0; layer < layers; layer++) {
    const key = `${prefix}layers.${layer}.`;
    const [reach, theta] = layer % 2 === 0 ? [Number.POSITIVE_INFINITY, 500] : [2, 20];
    const normed = layer === 0 ? x : x.map(vector => norm(w, `${key}attn_norm`, vector));
    const all = normed.map(vector => linear(w, `${key}attn.Wqkv`, vector));
    const part = (t: number, which: number, head: number): Vector => {
      const from = which * hidden + head * dim;
      const vector = all[t].slice(from, from + dim);
      return which < 2 ? turned(vector, t - starts[t], theta) : vector;
    };
    const attended = x.map((_, t) => {
      const seen = [...x.keys()].filter(s => mask[s] === 1 && Math.abs(s - t) <= reach && starts[s] === starts[t]);
      if (seen.length === 0) return x[t]; // padding far from any token: nobody looks at it
      const context = [...Array(heads).keys()].flatMap(head => {
        const weights = softmax(seen.map(s => dot(part(t, 0, head), part(s, 1, head)) / Math.sqrt(dim)));
        return add(...seen.map((s, i) => part(s, 2, head).map(value => value * weights[i])));
      });
      return linear(w, `${key}attn.Wo`, context);
    });
    const summed = x.map((vector, t) => add(vector, attended[t]));
    x = summed.map(vector => {
      const both = linear(w, `${key}mlp.Wi`, norm(w, `${key}mlp_norm`, vector));
      const inside = both.slice(0, 12).map((value, i) => gelu(value) * both[12 + i]);
      return add(vector, linear(w, `${key}mlp.Wo`, inside));
    });
  }
  return x.map(vector => norm(w, `${prefix}final_norm`, vector));
}

const naive = (model: Model): Matrix[] => ids.map((row, i) => naiveStates(model, row, masks[i]));
const predicted = (w: Weights, x: Vector): Vector => norm(w, 'head.norm', linear(w, 'head.dense', x).map(gelu));
const close = (actual: Tensor, expected: number[] | Matrix | Matrix[], mask?: Tensor) =>
  expectClose(actual, tensor(expected), { atol: 3e-5, rtol: 1e-4, mask });
const atTokens = (x: Tensor): Tensor => int64(masks).unsqueeze(-1).expand(x.shape);

describe('hidden states', () => {
  it('come from all positions and from a window on both sides in turn', () => {
    const model = modernBert('Model');
    const { lastHiddenState } = run(model, inputs);
    close(lastHiddenState, naive(model), atTokens(lastHiddenState));
    const [, second] = (model.backbone as Encoder).stack.layers;
    expect(second.attention.options.window).toBe(3);
  });

  it('come from each document alone where several lie one after another', () => {
    const model = modernBert('Model');
    const starts = [0, 0, 0, 3, 3, 3, 3, 3, 8, 8];
    const { lastHiddenState } = run(model, { inputIds: int64([ids[2]]), documentStarts: int64([starts]) });
    close(lastHiddenState, [naiveStates(model, ids[2], undefined, { starts })]);
    for (const [from, to] of [
      [0, 3],
      [3, 8],
      [8, 10],
    ]) {
      const alone = run(model, { inputIds: int64([ids[2].slice(from, to)]) }).lastHiddenState;
      expectClose(alone, lastHiddenState.narrow(1, from, to - from), { atol: 1e-5, rtol: 1e-4 });
    }
    expect(model.backbone.isolatesDocuments).toBe(true);
  });

  it('of a text within the window are those of a model without one', () => {
    const [near, far] = [4, 100].map(local_attention => modernBert('Model', { local_attention }));
    const short = { inputIds: int64([[0, 6, 2]]) };
    expectClose(run(near, short).lastHiddenState, run(far, short).lastHiddenState);
    expect(run(near, inputs).lastHiddenState.sub(run(far, inputs).lastHiddenState).abs().amax().item()).toBeGreaterThan(
      0.01,
    );
  });
});

describe('texts much longer than the window', () => {
  const TIME = 530;
  const drawn = withSeed(5, () => randint(2, 20, [2, TIME], { dtype: 'int64' }));
  const counted = arange(0, TIME, { dtype: 'int64' });
  const attentionMask = stack([counted.ge(0), counted.lt(400)]).to('int64');
  const shown = attentionMask.unsqueeze(-1).expand([2, TIME, hidden]);
  const long = { inputIds: drawn, attentionMask };
  const model = modernBert('Model', { max_position_embeddings: TIME, local_attention: 40 });
  const [, windowed] = (model.backbone as Encoder).stack.layers;

  it('have the hidden states that a mask of all pairs gives', () => {
    expect(windowed.attention.needsMask(TIME, { causal: false })).toBe(false);
    // Who asks for the probabilities gets those of all pairs.
    expect(windowed.attention.needsMask(TIME, { causal: false, outputAttentions: true })).toBe(true);
    const masked = run(model, { ...long, outputAttentions: true }).lastHiddenState;
    expectClose(run(model, long).lastHiddenState, masked, { atol: 2e-5, rtol: 1e-4, mask: shown });
    const near = autocast('bfloat16', () => run(model, long).lastHiddenState);
    expectClose(near, masked, { atol: 0.06 * masked.abs().amax().item(), rtol: 0, mask: shown });
  });

  it('have the gradients that it gives, in documents of their own too', () => {
    const gradients = (inputs: ModelInputs): number[] => {
      const { lastHiddenState } = model.forward({ ...long, ...inputs });
      backward(lastHiddenState.mul(shown).square().sum());
      const found = model.parameters().flatMap(({ grad }) => grad!.toNumbers());
      model.zeroGrad();
      return found;
    };
    scope(() => {
      const local = gradients({});
      const size = Math.hypot(...local);
      for (const inputs of [{ outputAttentions: true }, { documentStarts: counted.mul(0).expand([2, TIME]) }]) {
        const masked = gradients(inputs);
        expect(Math.hypot(...masked.map((value, i) => value - local[i])) / size).toBeLessThan(1e-4);
      }
    });
  });

  it('need memory for the window alone', () => {
    const texts = modernBert('Model', { ...plainLayers, max_position_embeddings: 4096, local_attention: 40 });
    const [short, double] = [1024, 2048].map(time => forwardPeak(texts, time));
    expect(double / short).toBeLessThan(2.2);
  });
});

describe('heads', () => {
  it('guess masked words by the embedding table, or by a matrix of their own', () => {
    for (const tied of [true, false]) {
      const model = modernBert('ForMaskedLM', { tie_word_embeddings: tied });
      const w = weightsOf(model);
      const table = w.matrix(tied ? 'model.embeddings.tok_embeddings.weight' : 'decoder.weight');
      const bias = w.vector('decoder.bias');
      const { logits } = run(model, inputs);
      const expected = naive(model).map(text =>
        text.map(x => table.map((word, i) => dot(word, predicted(w, x)) + bias[i])),
      );
      close(logits!, expected, atTokens(logits!));
      expect(keysOf(model).includes('decoder.weight')).toBe(!tied);
    }
  });

  it('have biases only where config.json says so', () => {
    const biases = (more: object): string[] =>
      keysOf(modernBert('ForMaskedLM', more)).filter(key => key.endsWith('bias') && !/layers\.[12]/.test(key));
    expect(biases({ decoder_bias: false })).toEqual([]);
    const all = { norm_bias: true, attention_bias: true, mlp_bias: true, classifier_bias: true };
    expect(biases(all).sort()).toEqual(
      [
        'decoder.bias',
        'head.dense.bias',
        'head.norm.bias',
        'model.embeddings.norm.bias',
        'model.final_norm.bias',
        'model.layers.0.attn.Wo.bias',
        'model.layers.0.attn.Wqkv.bias',
        'model.layers.0.mlp.Wi.bias',
        'model.layers.0.mlp.Wo.bias',
        'model.layers.0.mlp_norm.bias',
      ].sort(),
    );
  });

  it.each(['cls', 'mean'])('classify and choose by %s', pooling => {
    const classes = modernBert('ForSequenceClassification', { num_labels: 3, classifier_pooling: pooling });
    const w = weightsOf(classes);
    const mean = (text: Matrix, i: number): Vector => {
      const counted = text.filter((_, t) => masks[i][t] === 1);
      return add(...counted).map(value => value / counted.length);
    };
    // The first position of the text with padding on the left is padding: Transformers reads it all the same.
    const rows = pooling === 'cls' ? [0, 2] : [0, 1, 2];
    const logits = run(classes, inputs).logits!.toArray() as Matrix;
    const states = naive(classes);
    const read = (text: Matrix, i: number): Vector => (pooling === 'mean' ? mean(text, i) : text[0]);
    for (const i of rows) {
      close(tensor(logits[i]), linear(w, 'classifier', predicted(w, read(states[i], i))));
    }

    const choices = modernBert('ForMultipleChoice', { classifier_pooling: pooling });
    const own = weightsOf(choices);
    const first = (text: Matrix, i: number): Vector => text[masks[i].indexOf(1)];
    const scores = naive(choices).map(
      (text, i) => linear(own, 'classifier', predicted(own, pooling === 'mean' ? mean(text, i) : first(text, i)))[0],
    );
    const found = run(choices, {
      inputIds: inputs.inputIds.unsqueeze(0),
      attentionMask: inputs.attentionMask.unsqueeze(0),
    });
    close(found.logits!, [scores]);
  });

  it('mark tokens and spans', () => {
    const tokens = modernBert('ForTokenClassification', { num_labels: 3 });
    const w = weightsOf(tokens);
    const { logits } = run(tokens, inputs);
    const expected = naive(tokens).map(text => text.map(x => linear(w, 'classifier', predicted(w, x))));
    close(logits!, expected, atTokens(logits!));
    const spans = modernBert('ForQuestionAnswering');
    const own = weightsOf(spans);
    const ends = naive(spans).map(text => text.map(x => linear(own, 'classifier', predicted(own, x))[1]));
    close(run(spans, inputs).endLogits!, ends, int64(masks));
  });
});

describe('config.json', () => {
  const model = modernBert('ForMaskedLM');
  const again = (name: string, config: object): Tensor =>
    run(loadCompleteModel(saved(join(scratch, name), model, undefined, config)), inputs).logits!;
  const { global_attn_every_n_layers: _, global_rope_theta: __, local_rope_theta: ___, ...rest } = model.config;

  it('says the same in the styles of Transformers 4 and 5', () => {
    const newer = {
      ...rest,
      layer_types: ['full_attention', 'sliding_attention', 'full_attention'],
      rope_parameters: {
        full_attention: { rope_type: 'default', rope_theta: 500 },
        sliding_attention: { rope_type: 'default', rope_theta: 20 },
      },
    };
    expectClose(again('newer', newer), run(model, inputs).logits!);
    const published = {
      ...model.config,
      position_embedding_type: 'absolute',
      layer_norm_eps: 1e-5,
      sparse_prediction: false,
      sparse_pred_ignore_index: -100,
      reference_compile: null,
      deterministic_flash_attn: false,
    };
    expectClose(again('published', published), run(model, inputs).logits!);
  });

  it('turns layers with a window as the others where they have no theta', () => {
    const [none, same] = [null, 500].map(local_rope_theta => ({ ...model.config, local_rope_theta }));
    expect(again('none', none).equal(again('same', same))).toBe(true);
    expect(again('none', none).equal(run(model, inputs).logits!)).toBe(false);
  });

  it('stretches both rotations by rope_scaling', () => {
    const linearly = { rope_type: 'linear', factor: 2 };
    const each = (theta: number) => ({ ...linearly, rope_theta: theta });
    const both = { ...rest, global_attn_every_n_layers: 2 };
    const apart = again('apart', {
      ...both,
      rope_parameters: { full_attention: each(500), sliding_attention: each(20) },
    });
    expectClose(again('scaling', { ...model.config, rope_scaling: linearly }), apart);
  });

  it.each([
    [{ layer_types: ['full_attention'] }, /layer_types must have 3 entries/],
    [{ num_attention_heads: 3 }, /hidden_size \(8\) must be a multiple of num_attention_heads \(3\)/],
    [{ local_attention: 0 }, /local_attention/],
    [{ classifier_pooling: 'max' }, /classifier_pooling/],
    [{ sparse_pred_ignore_index: 0 }, /sparse_pred_ignore_index.*-100/],
  ])('refuses %j', (more, message) => {
    expect(() => createFromConfig({ ...base, ...more }, { seed: 1 })).toThrow(message);
  });
});

describe('a new model', () => {
  const sizes = { layers: 4, hidden: 32, heads: 2, context: 64, vocabSize: 300 };

  it('is made from a recipe’s sizes', () => {
    const made = createModel('modernbert', sizes, { seed: 1, dropout: 0.1 });
    expect(made.config).toMatchObject({ local_attention: 16, global_rope_theta: 10_000, attention_dropout: 0.1 });
    expect(made.maxPositions).toBe(64);
    const { layers: blocks } = (made.backbone as Encoder).stack;
    expect(blocks.map(({ attention }) => attention.options.window)).toEqual([undefined, 9, 9, undefined]);
    expect(createModel('modernbert', { ...sizes, context: 2048 }, { seed: 1 }).config).toMatchObject({
      local_attention: 128,
      global_rope_theta: 160_000,
    });
    made.train();
    const text = { inputIds: int64([ids[2]]) };
    expect(run(made, text).logits!.equal(run(made, text).logits!)).toBe(false);
  });

  it('begins with weights that are nowhere far from 0, and small where layers add up', () => {
    const made = createModel('modernbert', sizes, { seed: 1 });
    const parameters = new Map(made.namedParameters());
    const spread = (path: string): [largest: number, deviation: number] => {
      const weight = parameters.get(path)!;
      return [weight.abs().amax().item(), weight.square().mean([]).sqrt().item()];
    };
    // A normal distribution cut at ±2σ has 0.88 of its standard deviation.
    const expected: [path: string, std: number][] = [
      ['backbone.embeddings.word.weight', 0.02],
      ['backbone.stack.layers.1.attention.qkv.weight', 0.02],
      ['backbone.stack.layers.1.feedForward.input.weight', 0.02],
      ['backbone.stack.layers.1.attention.output.weight', 0.02 / Math.sqrt(8)],
      ['backbone.stack.layers.1.feedForward.output.weight', 0.02 / Math.sqrt(8)],
      ['head.transform.weight', 0.02 / Math.sqrt(8)],
    ];
    for (const [path, std] of expected) {
      const [largest, deviation] = spread(path);
      expect(largest / std, path).toBeLessThanOrEqual(2.0001);
      expect(largest / std, path).toBeGreaterThan(1.9);
      expect(deviation / std, path).toBeGreaterThan(0.83);
      expect(deviation / std, path).toBeLessThan(0.93);
    }
    expect(parameters.get('backbone.stack.norm.weight')!.eq(1).all().item()).toBe(1);
    const classes = createModel('modernbert', sizes, { seed: 1, architecture: 'ModernBertForSequenceClassification' });
    expect(new Map(classes.namedParameters()).get('head.classifier.weight')!.abs().amax().item()).toBeGreaterThan(0.2);
  });
});
