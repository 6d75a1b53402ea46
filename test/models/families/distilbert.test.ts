import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadModel, saveModel } from '../../../src/models/auto.ts';
import type { Encoder } from '../../../src/models/encoder.ts';
import { type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, run } from './helpers.ts';
import { add, dot, gelu, layerNorm, linear, type Matrix, postNormLayer, type Weights, weightsOf } from './naive.ts';

const scratch = scratchFolder();
const sizes = {
  model_type: 'distilbert',
  vocab_size: 20,
  dim: 8,
  hidden_dim: 12,
  n_layers: 2,
  n_heads: 2,
  max_position_embeddings: 10,
};
const distilbert = (name: string, more: object = {}) =>
  randomModel({ ...sizes, architectures: [`DistilBert${name}`], ...more });

const ids = [3, 5, 7, 11, 2];
const mask = [1, 1, 1, 1, 0];
const inputs = { inputIds: int64([ids]), attentionMask: int64([mask]) };
const close = (actual: Tensor | undefined, expected: number[] | number[][] | number[][][]) =>
  expectClose(actual!, tensor(expected), { atol: 2e-5, rtol: 1e-4 });

function states(w: Weights): Matrix {
  const [words, places] = ['word', 'position'].map(name => w.matrix(`distilbert.embeddings.${name}_embeddings.weight`));
  let x = ids.map((id, t) => layerNorm(w, 'distilbert.embeddings.LayerNorm', add(words[id], places[t])));
  for (const index of [0, 1]) {
    const layer = `distilbert.transformer.layer.${index}.`;
    const keys = {
      query: `${layer}attention.q_lin`,
      key: `${layer}attention.k_lin`,
      value: `${layer}attention.v_lin`,
      output: `${layer}attention.out_lin`,
      attentionNorm: `${layer}sa_layer_norm`,
      input: `${layer}ffn.lin1`,
      outerOutput: `${layer}ffn.lin2`,
      outputNorm: `${layer}output_layer_norm`,
    };
    x = postNormLayer(w, keys, x, { heads: 2, mask });
  }
  return x;
}

const relu = (x: number) => Math.max(0, x);

describe('heads', () => {
  it('classify and choose after a layer of their own', () => {
    const model = distilbert('ForSequenceClassification', { num_labels: 3 });
    const w = weightsOf(model);
    close(run(model, inputs).logits, [linear(w, 'classifier', linear(w, 'pre_classifier', states(w)[0]).map(relu))]);

    const choice = distilbert('ForMultipleChoice');
    const v = weightsOf(choice);
    const [score] = linear(v, 'classifier', linear(v, 'pre_classifier', states(v)[0]).map(relu));
    const twice = (x: Tensor) => x.expand([2, 5]).unsqueeze(0);
    close(run(choice, { inputIds: twice(inputs.inputIds), attentionMask: twice(inputs.attentionMask) }).logits, [
      [score, score],
    ]);
  });

  it('mark tokens and spans', () => {
    const model = distilbert('ForTokenClassification', { num_labels: 3 });
    const w = weightsOf(model);
    close(run(model, inputs).logits, [states(w).map(x => linear(w, 'classifier', x))]);
    const span = distilbert('ForQuestionAnswering');
    const v = weightsOf(span);
    close(run(span, inputs).startLogits, [states(v).map(x => linear(v, 'qa_outputs', x)[0])]);
  });

  it.each([[true], [false]])('guess masked words, tied %s', tied => {
    const model = distilbert('ForMaskedLM', { tie_word_embeddings: tied });
    const w = weightsOf(model);
    const table = w.matrix(tied ? 'distilbert.embeddings.word_embeddings.weight' : 'vocab_projector.weight');
    const bias = w.vector('vocab_projector.bias');
    const logits = states(w).map(x => {
      const y = layerNorm(w, 'vocab_layer_norm', linear(w, 'vocab_transform', x).map(gelu));
      return table.map((word, id) => dot(word, y) + bias[id]);
    });
    close(run(model, inputs).logits, [logits]);
    const folder = join(scratch, `tied-${tied}`);
    saveModel(folder, model);
    const { missing, unexpected } = loadModel(folder);
    expect([missing, unexpected]).toEqual([[], []]);
  });
});

describe('the encoder', () => {
  it('has no segment types', () => {
    const model = distilbert('Model');
    expect(() => run(model, { ...inputs, tokenTypeIds: int64([[0, 0, 1, 1, 1]]) })).toThrow(/no token types/);
    expect(keysOf(model).some(key => /token_type|pooler/.test(key))).toBe(false);
  });

  it('may have sinusoids for positions, where training starts', () => {
    const model = createFromConfig({ ...sizes, sinusoidal_pos_embds: true }, { seed: 1 });
    const { weight } = (model.backbone as Encoder).embeddings.positions!;
    const expected = Array.from({ length: 10 }, (_, position) =>
      Array.from({ length: 8 }, (_, j) => {
        const angle = position / 10000 ** ((j - (j % 2)) / 8);
        return j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      }),
    );
    close(weight.detach(), expected);
    expect(weight.requiresGrad).toBe(true);
    expect(keysOf(model)).toContain('distilbert.embeddings.position_embeddings.weight');
  });

  it('drops out what the feed-forward network adds, and nothing of attention', () => {
    const model = createFromConfig({ ...sizes, dropout: 0.25 }, { seed: 1 });
    const [layer] = (model.backbone as Encoder).stack.layers;
    expect([layer.attentionDropout.p, layer.feedForwardDropout.p]).toEqual([0, 0.25]);
  });

  it('is made from a recipe’s sizes', () => {
    const made = createModel('distilbert', { layers: 1, hidden: 8, heads: 2, context: 12, vocabSize: 30 }, { seed: 1 });
    expect(run(made, { inputIds: int64([Array(12).fill(7)]) }).logits!.shape).toEqual([1, 12, 30]);
  });

  it('has configurations with names that all families share', () => {
    const model = createFromConfig(
      { model_type: 'distilbert', hidden_size: 8, num_attention_heads: 2, num_hidden_layers: 1 },
      { seed: 1 },
    );
    expect((model.backbone as Encoder).hidden).toBe(8);
    expect((model.backbone as Encoder).layerCount).toBe(1);
  });
});
