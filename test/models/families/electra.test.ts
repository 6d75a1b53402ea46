import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel, loadModel, saveModel } from '../../../src/models/auto.ts';
import { openSafetensors, type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, run } from './helpers.ts';
import {
  add,
  bertLayerKeys,
  dot,
  gelu,
  layerNorm,
  linear,
  type Matrix,
  mean,
  postNormLayer,
  type Weights,
  weightsOf,
} from './naive.ts';

const scratch = scratchFolder();
const sizes = {
  model_type: 'electra',
  vocab_size: 20,
  embedding_size: 6,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 10,
};
const electra = (name: string, more: object = {}) =>
  randomModel({ ...sizes, architectures: [`Electra${name}`], ...more } as Record<string, unknown>);

const ids = [3, 5, 7, 11, 2];
const mask = [1, 1, 1, 1, 0];
const types = [0, 0, 1, 1, 0];
const inputs = { inputIds: int64([ids]), attentionMask: int64([mask]), tokenTypeIds: int64([types]) };
const close = (actual: Tensor | undefined, expected: number | number[] | number[][] | number[][][]) =>
  expectClose(actual!, tensor(expected), { atol: 2e-5, rtol: 1e-4 });

function states(w: Weights, { activation = gelu, prefix = 'electra.' } = {}): Matrix {
  const [words, places, segments] = ['word', 'position', 'token_type'].map(name =>
    w.matrix(`${prefix}embeddings.${name}_embeddings.weight`),
  );
  let x = ids.map((id, t) =>
    layerNorm(w, `${prefix}embeddings.LayerNorm`, add(words[id], places[t], segments[types[t]])),
  );
  const isNarrow = w.keys.includes(`${prefix}embeddings_project.weight`);
  if (isNarrow) x = x.map(row => linear(w, `${prefix}embeddings_project`, row));
  for (const index of [0, 1]) x = postNormLayer(w, bertLayerKeys(prefix, index), x, { heads: 2, mask, activation });
  return x;
}

const relu = (x: number): number => Math.max(0, x);

describe('the encoder', () => {
  it('widens narrow word vectors, and has no pooler', () => {
    const model = electra('Model');
    close(run(model, inputs).lastHiddenState, [states(weightsOf(model), { prefix: '' })]);
    expect(keysOf(model).some(key => /pooler/.test(key))).toBe(false);
    const wide = electra('Model', { embedding_size: 8 });
    expect(keysOf(wide).some(key => /embeddings_project/.test(key))).toBe(false);
    close(run(wide, inputs).lastHiddenState, [states(weightsOf(wide), { prefix: '' })]);
  });
});

describe('heads', () => {
  it('say which tokens were replaced; padding does not count', () => {
    const model = electra('ForPreTraining', { hidden_act: 'relu' });
    const w = weightsOf(model);
    const logits = states(w, { activation: relu }).map(
      x =>
        linear(
          w,
          'discriminator_predictions.dense_prediction',
          linear(w, 'discriminator_predictions.dense', x).map(relu),
        )[0],
    );
    close(run(model, inputs).logits, [logits]);
    const labels = [0, 1, 0, 0, 1];
    const losses = logits.map((score, t) => Math.log1p(Math.exp(labels[t] === 1 ? -score : score)));
    const own = { ...inputs, labels: int64([labels]) };
    close(run(model, own).loss, mean(losses.slice(0, 4)));
  });

  it.each([[true], [false]])('guess masked words by vectors of the words’ width, tied %s', tied => {
    const model = electra('ForMaskedLM', { tie_word_embeddings: tied, hidden_act: 'relu' });
    const w = weightsOf(model);
    const table = w.matrix(tied ? 'electra.embeddings.word_embeddings.weight' : 'generator_lm_head.weight');
    const bias = w.vector('generator_lm_head.bias');
    const logits = states(w, { activation: relu }).map(x => {
      // GELU, whatever the layers have.
      const y = layerNorm(w, 'generator_predictions.LayerNorm', linear(w, 'generator_predictions.dense', x).map(gelu));
      return table.map((word, id) => dot(word, y) + bias[id]);
    });
    close(run(model, inputs).logits, [logits]);
    const folder = join(scratch, `tied-${tied}`);
    saveModel(folder, model);
    const { missing, unexpected } = loadModel(folder);
    expect([missing, unexpected]).toEqual([[], []]);
  });

  it('classify after a layer of their own, mark tokens and spans', () => {
    const model = electra('ForSequenceClassification', { num_labels: 3 });
    const w = weightsOf(model);
    const [first] = states(w);
    const dense = linear(w, 'classifier.dense', first).map(gelu);
    close(run(model, inputs).logits, [linear(w, 'classifier.out_proj', dense)]);
    const tagger = electra('ForTokenClassification', { num_labels: 3 });
    const v = weightsOf(tagger);
    close(run(tagger, inputs).logits, [states(v).map(x => linear(v, 'classifier', x))]);
    const span = electra('ForQuestionAnswering');
    const u = weightsOf(span);
    close(run(span, inputs).startLogits, [states(u).map(x => linear(u, 'qa_outputs', x)[0])]);
  });
});

describe('checkpoints', () => {
  // What Transformers wrote.
  it.each(['generator', 'discriminator'])('have the keys that Transformers gives them: %s', name => {
    const recorded = `test/fixtures/objectives/electra-${name}`;
    const model = loadCompleteModel(recorded);
    const folder = join(scratch, name);
    saveModel(folder, model);
    const [ours, theirs] = [folder, recorded].map(path => openSafetensors(join(path, 'model.safetensors')).entries);
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    const { architectures } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    expect(architectures).toEqual(model.config.architectures);
    model.dispose();
  });

  it('are made for new models, with narrow words', () => {
    const model = createModel('electra', { layers: 1, hidden: 256, heads: 4, context: 8, vocabSize: 20 }, { seed: 1 });
    expect(model.config).toMatchObject({ embedding_size: 128, hidden_size: 256 });
    expect(model.task).toBe('replacedTokens');
    expect(() => createFromConfig({ ...sizes, hidden_act: 'x' }, { seed: 1 })).toThrow(/hidden_act/);
  });
});
