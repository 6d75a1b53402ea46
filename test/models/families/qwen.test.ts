/** Qwen 2 and 3. */
import { describe, expect, it } from 'vitest';
import { expectLogits, refusal, sizes, text } from './decoders.ts';
import { keysOf, randomModel } from './helpers.ts';
import { weightsOf } from './naive.ts';
import { naiveRotaryDecoder, type RotarySpec } from './naive-decoder.ts';

const frequencies = Array.from({ length: 4 }, (_, i) => 10_000 ** (-i / 4));
const spec: RotarySpec = { layers: 3, heads: 4, kvHeads: 2, headDim: 8, frequencies: () => frequencies };
const base = { ...sizes, num_hidden_layers: 3 };
const windows = { use_sliding_window: true, sliding_window: 4 };
const all = Number.POSITIVE_INFINITY;

const own = { qwen2: {}, qwen3: { qkNorm: true } };

describe.each(Object.entries(own))('%s', (modelType, particular) => {
  it.each<[string, Record<string, unknown>, Partial<RotarySpec>]>([
    ['sees everything', {}, {}],
    ['uses no window where it is not to', { sliding_window: 4, max_window_layers: 0 }, {}],
    [
      'has windows in the upper layers',
      { ...windows, max_window_layers: 1 },
      { window: layer => (layer < 1 ? all : 4) },
    ],
    [
      'has windows in the layers that are listed',
      { ...windows, layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'] },
      { window: layer => (layer === 1 ? all : 4) },
    ],
  ])('%s', (_, config, particulars) => {
    const model = randomModel({ model_type: modelType, ...base, ...config });
    const expected = naiveRotaryDecoder(weightsOf(model), text, { ...spec, ...particular, ...particulars });
    expectLogits(model, text, expected);
    model.dispose();
  });

  it('says what is wrong with the types of layers', () => {
    const config = { model_type: modelType, ...base };
    expect(refusal({ ...config, layer_types: ['full_attention'] })).toMatch(/layer_types must have 3 entries.* has 1/);
    expect(refusal({ ...config, layer_types: ['full_attention', 'half_attention', 'full_attention'] })).toMatch(
      /'layer_types\.1'/,
    );
    const sliding = ['full_attention', 'full_attention', 'sliding_attention'];
    expect(refusal({ ...config, layer_types: sliding })).toMatch(/layer 2 has sliding attention, but there is no slid/);
  });
});

it('Qwen 2 has biases on queries, keys and values alone; its mixed rotation is refused', () => {
  const model = randomModel({ model_type: 'qwen2', ...base });
  const biases = keysOf(model).filter(key => key.includes('.0.') && key.endsWith('bias'));
  expect(biases.map(key => key.split('.').at(-2))).toEqual(['q_proj', 'k_proj', 'v_proj']);
  model.dispose();
  expect(refusal({ model_type: 'qwen2', ...base, use_mrope: true })).toContain('use_mrope');
});

it('Qwen 3 has biases where it is to, and heads of 128 where config.json does not say', () => {
  const model = randomModel({ model_type: 'qwen3', ...base, attention_bias: true });
  expectLogits(model, text, naiveRotaryDecoder(weightsOf(model), text, { ...spec, qkNorm: true }));
  expect(keysOf(model).filter(key => key.includes('.0.') && key.endsWith('bias'))).toHaveLength(4);
  model.dispose();
  const { head_dim: _, ...unsaid } = base;
  const wide = randomModel({ model_type: 'qwen3', ...unsaid });
  expect(weightsOf(wide).matrix('model.layers.0.self_attn.q_proj.weight')).toHaveLength(4 * 128);
  wide.dispose();
});
