/**
 * One layer at a time against recorded results of Hugging Face: hidden states go through the projections of the
 * checkpoint, our attention and the rest of the layer, written out here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { blockSparseAttention, isBlockSparse, slidingWindowAttention } from '../../../src/nn/sparse/index.ts';
import { layerNorm, linear, loadSafetensors, scope, type Tensor } from '../../../src/torch/index.ts';
import { describeShared } from '../../helpers/shared.ts';
import { int64, openGolden, tolerances } from '../../models/golden.ts';
import { expectClose } from '../../torch/helpers.ts';

interface Layer {
  project: (hidden: Tensor, name: string) => Tensor;
  finish: (hidden: Tensor, context: Tensor) => Tensor;
}

interface Config {
  num_attention_heads: number;
  layer_norm_eps: number;
  hidden_act: string;
  attention_window: number[];
  block_size: number;
  num_random_blocks: number;
}

const readConfig = (folder: string): Config => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));

/** The parts of a BERT layer around the attention. */
function openLayers(folder: string, prefix: string): (index: number) => Layer {
  const { num_attention_heads: heads, layer_norm_eps: eps, hidden_act } = readConfig(folder);
  const weights = loadSafetensors(join(folder, 'model.safetensors'));
  const gelu = (x: Tensor): Tensor => x.gelu({ approximate: hidden_act === 'gelu_new' ? 'tanh' : 'none' });
  return index => {
    const of = (name: string): Tensor => weights.get(`${prefix}.encoder.layer.${index}.${name}`)!;
    const dense = (x: Tensor, name: string): Tensor => linear(x, of(`${name}.weight`), { bias: of(`${name}.bias`) });
    const norm = (x: Tensor, name: string): Tensor =>
      layerNorm(x, [x.size(-1)], { weight: of(`${name}.LayerNorm.weight`), bias: of(`${name}.LayerNorm.bias`), eps });
    return {
      project(hidden, name) {
        const [batch, time, width] = hidden.shape;
        return dense(hidden, `attention.self.${name}`)
          .view([batch, time, heads, width / heads])
          .transpose(1, 2);
      },
      finish(hidden, context) {
        const merged = context.transpose(1, 2).reshape(hidden.shape);
        const attended = norm(dense(merged, 'attention.output.dense').add(hidden), 'attention.output');
        const fed = dense(gelu(dense(attended, 'intermediate.dense')), 'output.dense');
        return norm(fed.add(attended), 'output');
      },
    };
  };
}

describeShared('fixtures/hf/longformer/masked_lm', 'Longformer of Hugging Face', longformer => {
  it.each([0, 1])('layer %i', index => {
    scope(() => {
      const { golden, recorded } = openGolden(longformer);
      const window = readConfig(longformer).attention_window[index] / 2;
      const { project, finish } = openLayers(longformer, 'longformer')(index);
      expect(golden.forward).toHaveLength(2);
      for (const { inputs, tensors } of golden.forward) {
        const attentionMask = int64(inputs.attention_mask!);
        const { global_attention_mask: global } = inputs as { global_attention_mask?: number[][] };
        const hidden = recorded(tensors[`hidden_states.${index}`]);
        const [query, key, value, globalQuery, globalKey, globalValue] = [
          ...['query', 'key', 'value'],
          ...['query_global', 'key_global', 'value_global'],
        ].map(name => project(hidden, name));
        const globalMask = global && int64(global);
        const options = { window, attentionMask, globalMask, globalQuery, globalKey, globalValue };
        const { context } = slidingWindowAttention(query, key, value, options);
        const expected = recorded(tensors[`hidden_states.${index + 1}`]);
        const mask = attentionMask.unsqueeze(-1).expand(expected.shape);
        expectClose(finish(hidden, context), expected, { ...tolerances.forward, mask });
      }
    });
  });
});

describeShared('fixtures/hf/big_bird/block_sparse', 'BigBird of Hugging Face', bigBird => {
  it.each([0, 1])('layer %i', index => {
    scope(() => {
      const { golden, recorded } = openGolden(bigBird);
      const { block_size: blockSize, num_random_blocks: randomBlocks } = readConfig(bigBird);
      const { project, finish } = openLayers(bigBird, 'bert')(index);
      expect(golden.forward).toHaveLength(2);
      for (const { inputs, tensors } of golden.forward) {
        const attentionMask = inputs.attention_mask && int64(inputs.attention_mask);
        const whole = recorded(tensors[`hidden_states.${index}`]);
        // The states of all layers are recorded with the padding that the model adds.
        const time = inputs.input_ids[0].length;
        const hidden = whole.narrow(1, 0, time);
        expect(isBlockSparse(time, { blockSize, randomBlocks })).toBe(true);
        const [query, key, value] = ['query', 'key', 'value'].map(name => project(hidden, name));
        const { context } = blockSparseAttention(query, key, value, { blockSize, randomBlocks, attentionMask });
        const expected = recorded(tensors[`hidden_states.${index + 1}`]).narrow(1, 0, time);
        const mask = attentionMask?.unsqueeze(-1).expand(expected.shape);
        expectClose(finish(hidden, context), expected, { ...tolerances.forward, mask });
      }
    });
  });
});
