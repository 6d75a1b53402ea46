import { describe, expect, it } from 'vitest';
import { createFromConfig } from '../../../src/models/auto.ts';
import { expectLogits, logitsOf, refusal, sizes, text } from './decoders.ts';
import { keysOf, randomModel } from './helpers.ts';
import { weightsOf } from './naive.ts';
import { naiveRotaryDecoder, type RotarySpec } from './naive-decoder.ts';

const base = { model_type: 'phi3', ...sizes };
const phi3 = (more: Record<string, unknown> = {}) => randomModel({ ...base, ...more });
const pairs = (count: number, dim: number) => Array.from({ length: count }, (_, i) => 10_000 ** ((-2 * i) / dim));
const spec: RotarySpec = {
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  frequencies: () => pairs(4, 8),
  fused: true,
  eps: 1e-5,
};

describe('the network', () => {
  it.each<[string, Record<string, unknown>, Partial<RotarySpec>]>([
    ['has fused projections', {}, {}],
    ['shares keys among all heads', { num_key_value_heads: 1 }, { kvHeads: 1 }],
    ['has a window', { sliding_window: 3 }, { window: () => 3 }],
    ['turns a part of each head', { partial_rotary_factor: 0.5 }, { frequencies: () => pairs(2, 4) }],
    [
      'turns an odd part of each head',
      { rope_parameters: { partial_rotary_factor: 0.4 } },
      { frequencies: () => pairs(2, 3) },
    ],
  ])('%s', (_, config, own) => {
    const model = phi3(config);
    expectLogits(model, text, naiveRotaryDecoder(weightsOf(model), text, { ...spec, ...own }));
    model.dispose();
  });
});

describe('LongRoPE', () => {
  const factors = { short_factor: [1, 1.1, 1.2, 1.3], long_factor: [1, 2, 4, 8] };
  const divided = (divisors: number[]) => pairs(4, 8).map((frequency, i) => frequency / divisors[i]);

  it.each(['longrope', 'su', 'yarn'])('has long divisors for long texts, under the name %s', type => {
    const model = phi3({ rope_scaling: { type, ...factors }, original_max_position_embeddings: 8 });
    const attentionFactor = Math.sqrt(1 + Math.log(2) / Math.log(8)); // 16 positions in place of 8
    for (const [length, divisors] of [
      [8, factors.short_factor],
      [9, factors.long_factor],
    ] as const) {
      const ids = text.slice(0, length);
      const own = { frequencies: () => divided([...divisors]), attentionFactor };
      expectLogits(model, ids, naiveRotaryDecoder(weightsOf(model), ids, { ...spec, ...own }));
    }
    model.dispose();
  });

  it('was trained on 4096 positions where config.json does not say', () => {
    const unsaid = phi3({ rope_scaling: { type: 'su', ...factors }, max_position_embeddings: 8192 });
    const said = phi3({
      rope_scaling: { type: 'longrope', ...factors, factor: 2 },
      max_position_embeddings: 8192,
      original_max_position_embeddings: 4096,
    });
    expect(logitsOf(unsaid, text).toNumbers()).toEqual(logitsOf(said, text).toNumbers());
    unsaid.dispose();
    said.dispose();
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [
      { rope_scaling: { type: 'linear', factor: 2 } },
      /rope type 'linear' is not supported; supported here: default, lon/,
    ],
    [{ rope_scaling: { type: 'su', short_factor: [1, 1, 1, 1] } }, /'rope_scaling\.long_factor' is missing/],
    [{ rope_scaling: { type: 'su', ...factors }, partial_rotary_factor: 0.5 }, /short_factor must have 2 numbers/],
  ])('says what is wrong with %j', (change, message) => {
    expect(refusal({ ...base, ...change })).toMatch(message);
  });
});

describe('config.json', () => {
  it('of published checkpoints is read', () => {
    const published = {
      auto_map: { AutoConfig: 'configuration_phi3.Phi3Config' },
      attention_bias: false,
      mlp_bias: false,
      lm_head_bias: false,
      full_attn_mod: 1,
      interpolate_factor: 1,
      rope_scaling: null,
      sliding_window: 2047,
    };
    createFromConfig({ ...base, ...published }, { seed: 1 }).dispose();
    expect(refusal({ ...base, attention_bias: true })).toContain("'attention_bias': is not supported");
  });

  it('has no class for question answering', () => {
    expect(refusal({ ...base, architectures: ['Phi3ForQuestionAnswering'] })).toContain('Phi3ForQuestionAnswering');
  });

  it('drops word vectors, and what each part adds', () => {
    const model = phi3({ embd_pdrop: 0.5 });
    const [calm, first, second] = [logitsOf(model, text), ...[1, 2].map(() => logitsOf(model.train(), text))];
    expect(first.sub(second).abs().amax().item()).toBeGreaterThan(1e-3);
    expect(logitsOf(model.eval(), text).toNumbers()).toEqual(calm.toNumbers());
    const other = phi3({ resid_pdrop: 0.5 }).train();
    expect(logitsOf(other, text).sub(logitsOf(other, text)).abs().amax().item()).toBeGreaterThan(1e-3);
    expect(keysOf(other)).toEqual(keysOf(model));
    model.dispose();
    other.dispose();
  });
});
