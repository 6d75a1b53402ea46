import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel } from '../../../src/models/auto.ts';
import type { Model, ModelInputs } from '../../../src/models/model.ts';
import { backward, type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { forwardPeak, keysOf, randomModel, run, saved } from './helpers.ts';
import { attention, bertStates, linear, type Matrix, mean, softmax, type Vector, weightsOf } from './naive.ts';

const scratch = scratchFolder();
const [heads, layers] = [2, 2];
const sizes = {
  model_type: 'longformer',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: 12,
  max_position_embeddings: 16,
  type_vocab_size: 1,
  attention_window: [2, 4],
};
const longformer = (name: string, more: object = {}) =>
  randomModel({ ...sizes, architectures: [`Longformer${name}`], ...more });

const ids = [
  [0, 5, 7, 11, 2, 9, 8, 6, 13, 4, 2],
  [0, 6, 19, 2, 2, 7, 3, 2, 1, 1, 1],
];
const masks = ids.map(row => row.map(id => (id === 1 ? 0 : 1)));
const positions = masks.map(row => row.map((counts, t) => (counts ? t + 2 : 1)));
const globals = [
  [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
  [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
];
const inputs = { inputIds: int64(ids), attentionMask: int64(masks) };

/** Hidden states of a row, after the paper: a window, global tokens with projections of their own. */
function naiveStates(model: Model, row: number, global: Vector): Matrix {
  const mask = masks[row];
  const windows = (model.config.attention_window as number[]).map(w => w / 2);
  let layer = 0;
  return bertStates(weightsOf(model), model.task === 'backbone' ? '' : 'longformer.', ids[row], {
    heads,
    layers,
    mask,
    positions: positions[row],
    attend(w, keys, x, options) {
      const window = windows[layer++];
      const times = (t: number, s: number): number => Number(Math.abs(t - s) <= window || global[s] === 1);
      const local = attention(w, keys, x, { ...options, times });
      const [query, key, value] = [keys.query, keys.key, keys.value].map(name => `${name}_global`);
      const globally = attention(w, { ...keys, query, key, value }, x, options);
      return local.map((vector, t) => (global[t] === 1 ? globally[t] : vector));
    },
    eps: 1e-12,
  });
}

/** At tokens that are no padding. */
function expectStates(actual: Tensor, expected: Matrix[]): void {
  const mask = tensor(masks).unsqueeze(-1).expand(actual.shape);
  expectClose(actual, tensor(expected), { atol: 3e-5, rtol: 1e-4, mask });
}
const none = ids[0].map(() => 0);

describe('hidden states', () => {
  const model = longformer('Model');

  it('come from a window of each layer', () => {
    const { lastHiddenState, hiddenStates } = run(model, { ...inputs, outputHiddenStates: true });
    expectStates(
      lastHiddenState,
      [0, 1].map(row => naiveStates(model, row, none)),
    );
    expect(hiddenStates).toHaveLength(3);
  });

  it('come from global tokens as well', () => {
    const { lastHiddenState } = run(model, { ...inputs, globalAttentionMask: int64(globals) });
    expectStates(
      lastHiddenState,
      [0, 1].map(row => naiveStates(model, row, globals[row])),
    );
  });

  it('one window stands for that of every layer', () => {
    const [one, list] = [4, [4, 4]].map(attention_window => longformer('Model', { attention_window }));
    expect(run(one, inputs).lastHiddenState.equal(run(list, inputs).lastHiddenState)).toBe(true);
  });

  it('come with probabilities on the window, and those of global tokens', () => {
    const { attentions, globalAttentions } = run(model, {
      ...inputs,
      globalAttentionMask: int64(globals),
      outputAttentions: true,
    });
    expect(attentions!.map(({ shape }) => shape)).toEqual([
      [2, heads, 11, 2 + 2 + 1],
      [2, heads, 11, 2 + 4 + 1],
    ]);
    expect(globalAttentions!.map(({ shape }) => shape)).toEqual([1, 2].map(() => [2, heads, 2, 11]));
    expect(run(model, { ...inputs, outputAttentions: true }).globalAttentions).toBeUndefined();
  });
});

describe('global tokens by default', () => {
  const global = (globalAttentionMask: number[][]): ModelInputs => ({
    ...inputs,
    globalAttentionMask: int64(globalAttentionMask),
  });
  const first = ids.map(row => row.map((_, t) => Number(t === 0)));
  // Before the first of three separators (2), and after the second.
  const pairs = [
    [0, 5, 7, 2, 2, 9, 8, 6, 13, 4, 2],
    [0, 6, 2, 2, 9, 7, 3, 2, 1, 1, 1],
  ];

  it('are the first one, to classify a text', () => {
    const model = longformer('ForSequenceClassification', { num_labels: 3 });
    const logits = run(model, inputs).logits!;
    expectClose(logits, run(model, global(first)).logits!);
    const w = weightsOf(model);
    const expected = [0, 1].map(row => {
      const [x] = naiveStates(model, row, first[row]);
      return linear(w, 'classifier.out_proj', linear(w, 'classifier.dense', x).map(Math.tanh));
    });
    expectClose(logits, tensor(expected), { atol: 3e-5, rtol: 1e-4 });
  });

  it('are the question', () => {
    const model = longformer('ForQuestionAnswering');
    const asked = { ...inputs, inputIds: int64(pairs) };
    const question = [
      [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
      [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    const { startLogits, endLogits, loss } = run(model, {
      ...asked,
      startPositions: tensor([5, 4], { dtype: 'int64' }),
      endPositions: tensor([6, 5], { dtype: 'int64' }),
    });
    const explicit = run(model, { ...asked, globalAttentionMask: int64(question) });
    expectClose(startLogits!, explicit.startLogits!);
    expectClose(endLogits!, explicit.endLogits!);
    const other = run(model, { ...asked, globalAttentionMask: int64(pairs).mul(0) });
    expect(startLogits!.sub(other.startLogits!).abs().amax().item()).toBeGreaterThan(1e-3);
    const surprise = (logits: Vector, place: number): number => -Math.log(softmax(logits)[place]);
    const [starts, ends] = [startLogits!, endLogits!].map(x => x.toArray() as Matrix);
    const expected = mean([
      ...[5, 4].map((place, row) => surprise(starts[row], place)),
      ...[6, 5].map((place, row) => surprise(ends[row], place)),
    ]);
    expect(loss!.item()).toBeCloseTo(expected, 4);
  });

  it('are what follows the separators, of several choices', () => {
    const model = longformer('ForMultipleChoice');
    const asked = { inputIds: int64(pairs).unsqueeze(0), attentionMask: int64(masks).unsqueeze(0) };
    const after = [
      [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
      [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1],
    ];
    const { logits } = run(model, asked);
    expect(logits!.shape).toEqual([1, 2]);
    expectClose(logits!, run(model, { ...asked, globalAttentionMask: int64(after).unsqueeze(0) }).logits!);
  });

  it('need three separators', () => {
    const model = longformer('ForQuestionAnswering');
    expect(() => run(model, { inputIds: int64([[0, 5, 2, 4, 2]]) })).toThrow(/row 0 .* has 2 separators/);
    expect(
      run(model, { inputIds: int64([[0, 5, 2, 4, 2]]), globalAttentionMask: int64([[1, 0, 0, 0, 0]]) }),
    ).toBeDefined();
  });
});

describe('config.json', () => {
  it.each([
    [{ attention_window: [2, 4, 6] }, /attention_window has 3 entries for num_hidden_layers 2/],
    [{ attention_window: 5 }, /attention_window.*even/],
    [{ attention_window: [2, 0] }, /attention_window/],
    [{ attention_dilation: [1, 2] }, /attention_dilation/],
    [{ autoregressive: true }, /autoregressive/],
  ])('%j is refused', (more, message) => {
    expect(() => createFromConfig({ ...sizes, ...more }, { seed: 1 })).toThrow(message);
  });

  it('of published checkpoints loads', () => {
    const model = createFromConfig(
      {
        ...sizes,
        attention_mode: 'longformer',
        ignore_attention_mask: false,
        attention_dilation: [1, 1],
        autoregressive: false,
        gradient_checkpointing: false,
        onnx_export: false,
        sep_token_id: 2,
      },
      { seed: 1 },
    );
    expect(model.maxPositions).toBe(14);
  });
});

describe('checkpoints', () => {
  it('have the keys of Hugging Face', () => {
    const keys = keysOf(longformer('ForMaskedLM'));
    const self = 'longformer.encoder.layer.1.attention.self.';
    for (const name of ['query', 'key_global', 'value_global']) {
      expect(keys).toContain(`${self}${name}.weight`);
      expect(keys).toContain(`${self}${name}.bias`);
    }
    expect(keys).toContain('lm_head.layer_norm.weight');
    expect(keys.some(key => key.includes('pooler'))).toBe(false);
    expect(keysOf(longformer('Model'))).toContain('pooler.dense.weight');
    expect(keysOf(longformer('ForSequenceClassification'))).toContain('classifier.out_proj.weight');
    expect(keysOf(longformer('ForTokenClassification'))).toContain('classifier.weight');
  });

  it('load again', () => {
    const model = longformer('ForMaskedLM');
    const again = loadCompleteModel(saved(`${scratch}/masked`, model));
    const asked = { ...inputs, globalAttentionMask: int64(globals) };
    expectClose(run(again, asked).logits!, run(model, asked).logits!);
  });
});

it('projections of global tokens learn from global tokens alone', () => {
  const model = longformer('ForMaskedLM');
  const touched = (more: object): boolean[] => {
    model.zeroGrad();
    backward(model.forward({ ...inputs, labels: int64(ids), ...more }).loss!);
    const named = [...model.namedParameters()].filter(([path]) => path.includes('.attention.global'));
    expect(named).toHaveLength(12);
    return named.map(([, { grad }]) => grad !== undefined);
  };
  expect(new Set(touched({}))).toEqual(new Set([false]));
  expect(new Set(touched({ globalAttentionMask: int64(globals) }))).toEqual(new Set([true]));
});

it('takes memory that grows with the text', () => {
  const more = { attention_window: 32, max_position_embeddings: 4100, hidden_size: 16 };
  const model = createFromConfig({ ...sizes, ...more }, { seed: 1 }).eval();
  expect(forwardPeak(model, 4096) / forwardPeak(model, 2048)).toBeLessThan(2.3);
});

it('is made from the sizes of a recipe', () => {
  const model = createModel('longformer', { layers: 1, hidden: 8, heads: 2, context: 12, vocabSize: 20 }, { seed: 1 });
  expect(model.maxPositions).toBe(12);
  expect(run(model.eval(), { inputIds: int64([Array.from({ length: 12 }, () => 3)]) }).logits!.shape).toEqual([
    1, 12, 20,
  ]);
});
