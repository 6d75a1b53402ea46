import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createModel, loadCompleteModel } from '../../../src/models/auto.ts';
import { backward, type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, run, saved } from './helpers.ts';
import { bertStates, crossEntropy, gelu, layerNorm, linear, mean, weightsOf } from './naive.ts';

const scratch = scratchFolder();
const [heads, layers] = [2, 2];
const sizes = {
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: 12,
  max_position_embeddings: 10,
  type_vocab_size: 1,
  layer_norm_eps: 1e-12,
};
const roberta = (name: string, more: object = {}) =>
  randomModel({ model_type: 'roberta', ...sizes, architectures: [`Roberta${name}`], ...more });

// Padding (1) on the right, on the left, and inside.
const ids = [
  [0, 5, 7, 2, 1],
  [1, 1, 0, 6, 2],
  [0, 1, 9, 8, 2],
];
const positions = [
  [2, 3, 4, 5, 1],
  [1, 1, 2, 3, 4],
  [2, 1, 3, 4, 5],
];
const masks = ids.map(row => row.map(id => (id === 1 ? 0 : 1)));
const inputs = { inputIds: int64(ids), attentionMask: int64(masks) };

const close = (actual: Tensor | undefined, expected: number | number[] | number[][] | number[][][]) =>
  expectClose(actual!, tensor(expected), { atol: 2e-5, rtol: 1e-4 });
const naive = (model: ReturnType<typeof roberta>) => {
  const w = weightsOf(model);
  const prefix = model.task === 'backbone' ? '' : 'roberta.';
  const options = { heads, layers };
  return {
    w,
    states: ids.map((row, i) => bertStates(w, prefix, row, { ...options, mask: masks[i], positions: positions[i] })),
  };
};

describe('positions', () => {
  const model = roberta('Model');

  it('count the tokens that are no padding, from after its id', () => {
    close(run(model, inputs).lastHiddenState, naive(model).states);
  });

  it('are as many as there are vectors for, padding apart', () => {
    const full = [...Array(8).keys()].map(i => i + 2);
    const padded = [1, 1, ...full];
    const { lastHiddenState } = run(model, { inputIds: int64([padded]) });
    expect(lastHiddenState.isfinite().all().item()).toBe(1);
    expect(() => run(model, { inputIds: int64([[...full, 3]]) })).toThrow(/9 tokens do not fit: .* 8/);
    expect(model.maxPositions).toBe(8);
  });

  it('start elsewhere with another padding id', () => {
    const other = roberta('Model', { pad_token_id: 4 });
    const w = weightsOf(other);
    const row = [3, 9, 4];
    close(run(other, { inputIds: int64([row]) }).lastHiddenState, [
      bertStates(w, '', row, { heads, layers, positions: [5, 6, 4] }),
    ]);
  });
});

describe('heads', () => {
  it('classify by the first position', () => {
    const model = roberta('ForSequenceClassification', { num_labels: 3 });
    const { w, states } = naive(model);
    const logits = states.map(([first]) =>
      linear(w, 'classifier.out_proj', linear(w, 'classifier.dense', first).map(Math.tanh)),
    );
    const labels = [2, 0, 1];
    const output = run(model, { ...inputs, labels: int64([labels]).view([3]) });
    close(output.logits, logits);
    close(output.loss, mean(logits.map((row, i) => crossEntropy(row, labels[i]))));
    expect(keysOf(model).some(key => key.includes('pooler'))).toBe(false);
  });

  it('choose by the pooler', () => {
    const model = roberta('ForMultipleChoice');
    const { w, states } = naive(model);
    const scores = states.map(([first]) => {
      const pooled = linear(w, 'roberta.pooler.dense', first).map(Math.tanh);
      return linear(w, 'classifier', pooled)[0];
    });
    const { logits } = run(model, {
      inputIds: inputs.inputIds.unsqueeze(0),
      attentionMask: inputs.attentionMask.unsqueeze(0),
    });
    close(logits, [scores]);
  });

  it('mark tokens and spans', () => {
    const tokens = roberta('ForTokenClassification', { num_labels: 3 });
    const { w, states } = naive(tokens);
    close(
      run(tokens, inputs).logits,
      states.map(text => text.map(x => linear(w, 'classifier', x))),
    );
    const spans = roberta('ForQuestionAnswering');
    const found = naive(spans);
    close(
      run(spans, inputs).endLogits,
      found.states.map(text => text.map(x => linear(found.w, 'qa_outputs', x)[1])),
    );
  });

  it('guess masked words with the exact GELU, whatever the layers use', () => {
    const model = roberta('ForMaskedLM', { num_hidden_layers: 1, hidden_act: 'gelu', tie_word_embeddings: false });
    const other = roberta('ForMaskedLM', { num_hidden_layers: 1, hidden_act: 'relu', tie_word_embeddings: false });
    for (const each of [model, other]) {
      const output = run(each, inputs);
      const w = weightsOf(each);
      const [x] = output.lastHiddenState.toArray() as number[][][];
      const y = layerNorm(w, 'lm_head.layer_norm', linear(w, 'lm_head.dense', x[3]).map(gelu));
      close(output.logits!.select(0, 0).select(0, 3), linear(w, 'lm_head.decoder', y));
    }
  });
});

describe('padding', () => {
  it('gets no gradient from being looked up, as a word or as a position', () => {
    const model = roberta('ForTokenClassification');
    const { loss } = model.forward({ ...inputs, labels: int64(ids.map(row => row.map(id => id % 2))) });
    backward(loss!);
    const gradient = (path: string) => {
      const [, parameter] = [...model.namedParameters()].find(([name]) => name === path)!;
      return (parameter.grad!.abs().sum([1]).toArray() as number[]).map(sum => sum > 0);
    };
    expect(gradient('backbone.embeddings.word.weight').slice(0, 3)).toEqual([true, false, true]);
    expect(gradient('backbone.embeddings.positions.weight').slice(0, 7)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('descendants', () => {
  it.each([
    ['xlm-roberta', 'XLMRoberta'],
    ['camembert', 'Camembert'],
  ])('%s is the same network', (modelType, name) => {
    const model = roberta('ForMaskedLM');
    const config = { ...model.config, model_type: modelType, architectures: [`${name}ForMaskedLM`], output_past: true };
    const folder = saved(join(scratch, modelType), model, undefined, config);
    const again = loadCompleteModel(folder);
    expect(again.family.modelType).toBe(modelType);
    expectClose(run(again, inputs).logits!, run(model, inputs).logits!);
  });

  it('is made from a recipe’s sizes, with room for the positions before the first', () => {
    const made = createModel(
      'xlm-roberta',
      { layers: 1, hidden: 8, heads: 2, context: 12, vocabSize: 30 },
      { seed: 1 },
    );
    expect(made.maxPositions).toBe(12);
    expect(run(made, { inputIds: int64([Array(12).fill(7)]) }).logits!.shape).toEqual([1, 12, 30]);
  });
});
