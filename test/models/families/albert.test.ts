import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadModel, saveModel } from '../../../src/models/auto.ts';
import { albertLayers } from '../../../src/models/families/albert/network.ts';
import { type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, run, saved } from './helpers.ts';
import {
  add,
  geluTanh,
  type LayerKeys,
  layerNorm,
  linear,
  type Matrix,
  postNormLayer,
  type Weights,
  weightsOf,
} from './naive.ts';

const scratch = scratchFolder();
const sizes = {
  model_type: 'albert',
  vocab_size: 20,
  embedding_size: 6,
  hidden_size: 8,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 10,
};
const albert = (name: string, more: object = {}) =>
  randomModel({ ...sizes, architectures: [`Albert${name}`], ...more });

const ids = [3, 5, 7, 11, 2];
const inputs = { inputIds: int64([ids]) };
const close = (actual: Tensor | undefined, expected: number[] | number[][] | number[][][]) =>
  expectClose(actual!, tensor(expected), { atol: 2e-5, rtol: 1e-4 });

const layerKeys = (prefix: string, group: number, inner: number): LayerKeys => {
  const layer = `${prefix}encoder.albert_layer_groups.${group}.albert_layers.${inner}.`;
  return {
    query: `${layer}attention.query`,
    key: `${layer}attention.key`,
    value: `${layer}attention.value`,
    output: `${layer}attention.dense`,
    attentionNorm: `${layer}attention.LayerNorm`,
    input: `${layer}ffn`,
    outerOutput: `${layer}ffn_output`,
    outputNorm: `${layer}full_layer_layer_norm`,
  };
};

/** The hidden states before and after each of the layers in `order`. */
function states(w: Weights, prefix: string, order: [number, number][]): Matrix[] {
  const [words, places, types] = ['word', 'position', 'token_type'].map(name =>
    w.matrix(`${prefix}embeddings.${name}_embeddings.weight`),
  );
  const embedded = ids.map((id, t) =>
    layerNorm(w, `${prefix}embeddings.LayerNorm`, add(words[id], places[t], types[0])),
  );
  const all = [embedded.map(x => linear(w, `${prefix}encoder.embedding_hidden_mapping_in`, x))];
  for (const [group, inner] of order) {
    all.push(postNormLayer(w, layerKeys(prefix, group, inner), all.at(-1)!, { heads: 2, activation: geluTanh }));
  }
  return all;
}

describe('layers', () => {
  it.each<[string, object, [number, number][]]>([
    [
      'share one set of weights',
      {},
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ],
    [
      'may be several in a group',
      { inner_group_num: 2 },
      [
        [0, 0],
        [0, 1],
        [0, 0],
        [0, 1],
        [0, 0],
        [0, 1],
      ],
    ],
    [
      'may be of several groups',
      { num_hidden_groups: 3 },
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
    ],
    [
      'are dealt to groups in order, where the numbers do not divide',
      { num_hidden_groups: 2, inner_group_num: 2 },
      [
        [0, 0],
        [0, 1],
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
    ],
  ])('%s', (_, more, order) => {
    const model = albert('Model', more);
    const w = weightsOf(model);
    const expected = states(w, '', order);
    const output = run(model, { ...inputs, outputHiddenStates: true });
    close(output.lastHiddenState, [expected.at(-1)!]);
    expect(output.hiddenStates).toHaveLength(order.length + 1);
    for (const [i, x] of output.hiddenStates!.entries()) close(x, [expected[i]]);
    close(output.poolerOutput, [linear(w, 'pooler', expected.at(-1)![0]).map(Math.tanh)]);
    const distinct = new Set(order.map(place => place.join()));
    expect(keysOf(model).filter(key => key.endsWith('ffn.weight'))).toHaveLength(distinct.size);
  });

  it('of five groups are twelve in Hugging Face’s order', () => {
    const groups = albertLayers({ num_hidden_layers: 12, num_hidden_groups: 5, inner_group_num: 1 }).map(
      ([group]) => group,
    );
    expect(groups).toEqual([0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4]);
  });

  it('drop out what attention adds, and nothing of the feed-forward network', () => {
    const model = createFromConfig({ ...sizes, hidden_dropout_prob: 0.25 }, { seed: 1 });
    const [layer] = (
      model.backbone as never as {
        stack: { layers: { attentionDropout: { p: number }; feedForwardDropout: { p: number } }[] };
      }
    ).stack.layers;
    expect([layer.attentionDropout.p, layer.feedForwardDropout.p]).toEqual([0.25, 0]);
  });
});

describe('word vectors', () => {
  it('are projected even where they are as wide as the model', () => {
    const model = albert('Model', { embedding_size: 8 });
    close(run(model, inputs).lastHiddenState, [
      states(weightsOf(model), '', [
        [0, 0],
        [0, 0],
        [0, 0],
      ]).at(-1)!,
    ]);
  });

  it('are the output layer of the narrow head', () => {
    for (const more of [{}, { tie_word_embeddings: false }]) {
      const model = albert('ForMaskedLM', more);
      const w = weightsOf(model);
      const x = states(w, 'albert.', [
        [0, 0],
        [0, 0],
        [0, 0],
      ]).at(-1)!;
      const table = 'tie_word_embeddings' in more ? 'predictions.decoder' : 'albert.embeddings.word_embeddings';
      const bias = w.vector('tie_word_embeddings' in more ? 'predictions.decoder.bias' : 'predictions.bias');
      const logits = x.map(row => {
        const y = layerNorm(w, 'predictions.LayerNorm', linear(w, 'predictions.dense', row).map(geluTanh));
        return w.matrix(`${table}.weight`).map((word, id) => word.reduce((sum, a, i) => sum + a * y[i], bias[id]));
      });
      close(run(model, inputs).logits, [logits]);
    }
  });
});

describe('heads', () => {
  const order: [number, number][] = [
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  it('classify and choose by the pooler', () => {
    const model = albert('ForSequenceClassification', { num_labels: 3 });
    const w = weightsOf(model);
    const pooled = linear(w, 'albert.pooler', states(w, 'albert.', order).at(-1)![0]).map(Math.tanh);
    close(run(model, inputs).logits, [linear(w, 'classifier', pooled)]);

    const choice = albert('ForMultipleChoice');
    const v = weightsOf(choice);
    const score = linear(
      v,
      'classifier',
      linear(v, 'albert.pooler', states(v, 'albert.', order).at(-1)![0]).map(Math.tanh),
    )[0];
    close(run(choice, { inputIds: inputs.inputIds.expand([2, 5]).unsqueeze(0) }).logits, [[score, score]]);
  });

  it('mark tokens and spans without a pooler', () => {
    for (const [name, key] of [
      ['ForTokenClassification', 'classifier'],
      ['ForQuestionAnswering', 'qa_outputs'],
    ]) {
      const model = albert(name);
      const w = weightsOf(model);
      expect(w.keys.some(each => each.includes('pooler'))).toBe(false);
      const both = states(w, 'albert.', order)
        .at(-1)!
        .map(x => linear(w, key, x));
      const { logits, startLogits } = run(model, inputs);
      if (logits) close(logits, [both]);
      else close(startLogits, [both.map(([start]) => start)]);
    }
  });
});

describe('checkpoints', () => {
  it('come back as they were, groups and all', () => {
    const model = albert('ForPreTraining', { num_hidden_groups: 2, inner_group_num: 2 });
    const folder = join(scratch, 'groups');
    saveModel(folder, model);
    const { model: again, missing, unexpected } = loadModel(folder);
    expect([missing, unexpected]).toEqual([[], []]);
    for (const name of ['predictionLogits', 'sopLogits'] as const) {
      expectClose(run(again, inputs)[name]!, run(model, inputs)[name]!);
    }
  });

  it('have configurations with keys of the original', () => {
    const config = {
      ...sizes,
      down_scale_factor: 1,
      gap_size: 0,
      layers_to_keep: [],
      net_structure_type: 0,
      num_memory_blocks: 0,
    };
    const folder = saved(join(scratch, 'original'), albert('ForMaskedLM'), undefined, {
      ...config,
      architectures: ['AlbertForMaskedLM'],
    });
    expect(loadModel(folder).missing).toEqual([]);
  });

  it('are made from a recipe’s sizes', () => {
    const made = createModel('albert', { layers: 4, hidden: 256, heads: 4, context: 12, vocabSize: 30 }, { seed: 1 });
    expect(made.config).toMatchObject({ embedding_size: 128, intermediate_size: 1024 });
    expect(run(made, { inputIds: int64([Array(12).fill(7)]) }).logits!.shape).toEqual([1, 12, 30]);
  });
});
