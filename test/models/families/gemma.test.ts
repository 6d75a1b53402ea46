/** Gemma 2 and 3. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, loadCompleteModel, saveModel } from '../../../src/models/auto.ts';
import { tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { int64 } from '../golden.ts';
import { expectLogits, refusal, sizes, text } from './decoders.ts';
import { keysOf, randomModel, run } from './helpers.ts';
import { geluTanh, weightsOf } from './naive.ts';
import { naiveRotaryDecoder, type RotarySpec } from './naive-decoder.ts';

const scratch = scratchFolder();
const base = { ...sizes, num_hidden_layers: 3, query_pre_attn_scalar: 9, sliding_window: 4 };
const turns = (theta: number) => Array.from({ length: 4 }, (_, i) => theta ** (-i / 4));
const all = Number.POSITIVE_INFINITY;
const spec: RotarySpec = {
  layers: 3,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  frequencies: () => turns(10_000),
  gemma: true,
  activation: geluTanh,
  scale: 1 / 3,
};

describe('Gemma 2', () => {
  const own: Partial<RotarySpec> = { softcap: 50, finalSoftcap: 30, window: layer => (layer % 2 === 0 ? 4 : all) };
  it.each<[string, Record<string, unknown>, Partial<RotarySpec>]>([
    ['has windows in every other layer', {}, {}],
    ['has them in the layers that are listed', { layer_types: listed(0, 0, 1) }, { window: i => (i === 2 ? 4 : all) }],
    [
      'caps scores and logits where it is to',
      { attn_logit_softcapping: 2, final_logit_softcapping: 3 },
      { softcap: 2, finalSoftcap: 3 },
    ],
    [
      'caps nothing where it is not to',
      { attn_logit_softcapping: null, final_logit_softcapping: null },
      { softcap: undefined, finalSoftcap: undefined },
    ],
    ['has biases', { attention_bias: true }, {}],
    ['has a matrix of its own for the output', { tie_word_embeddings: false }, {}],
    ['has another activation', { hidden_activation: 'relu' }, { activation: x => Math.max(0, x) }],
  ])('%s', (_, config, particular) => {
    const model = randomModel({ model_type: 'gemma2', ...base, ...config });
    expectLogits(model, text, naiveRotaryDecoder(weightsOf(model), text, { ...spec, ...own, ...particular }));
    model.dispose();
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ use_bidirectional_attention: true }, /'use_bidirectional_attention': is not supported/],
    [{ hidden_act: 'gelu' }, /hidden_act \(gelu\) is not hidden_activation \(gelu_pytorch_tanh\)/],
    [{ sliding_window_size: 8 }, /sliding_window_size \(8\) is not sliding_window \(4\)/],
    [{ sliding_window: null }, /layer 0 has sliding attention, but there is no sliding_window/],
  ])('says what is wrong with %j', (change, message) => {
    expect(refusal({ model_type: 'gemma2', ...base, ...change })).toMatch(message);
  });

  it('of published checkpoints is read', () => {
    const published = { hidden_act: 'gelu_pytorch_tanh', sliding_window_size: 4, cache_implementation: 'hybrid' };
    createFromConfig({ model_type: 'gemma2', ...base, ...published }, { seed: 1 }).dispose();
  });

  it('the factor of the word vectors is rounded as they are', () => {
    // √18 = 4.2426…, in bfloat16 4.25.
    const config = { model_type: 'gemma2', ...base, hidden_size: 18 };
    const folder = join(scratch, 'rounded');
    const made = randomModel(config);
    saveModel(folder, made);
    for (const [dtype, factor] of [
      ['float32', Math.sqrt(18)],
      ['bfloat16', 4.25],
    ] as const) {
      const model = loadCompleteModel(folder, { dtype });
      const [vectors] = run(model, { inputIds: int64([[5]]), outputHiddenStates: true }).hiddenStates!;
      const stored = tensor(weightsOf(made).matrix('model.embed_tokens.weight')[5]).to(dtype).to('float32');
      const expected = stored.mul(factor).to(dtype).toNumbers();
      for (const [i, value] of vectors.toNumbers().entries()) expect(value).toBeCloseTo(expected[i], 6);
      model.dispose();
    }
    made.dispose();
  });
});

describe('Gemma 3', () => {
  const gemma3 = (more: Record<string, unknown> = {}) => ({ model_type: 'gemma3_text', ...base, ...more });
  const local = (every: number) => (layer: number) => (layer + 1) % every !== 0;
  const rotations = (every: number, [near, far] = [turns(10_000), turns(1_000_000)]): Partial<RotarySpec> => ({
    qkNorm: true,
    window: layer => (local(every)(layer) ? 4 : all),
    frequencies: layer => (local(every)(layer) ? near : far),
  });
  it.each<[string, Record<string, unknown>, Partial<RotarySpec>]>([
    ['has windows in five of six layers', {}, rotations(6)],
    ['has another pattern of windows', { sliding_window_pattern: 2 }, rotations(2)],
    ['has it under its later name', { _sliding_window_pattern: 3 }, rotations(3)],
    ['goes by the list of types', { layer_types: listed(1, 0, 1), _sliding_window_pattern: 3 }, rotations(2)],
    [
      'stretches the layers without a window alone',
      { sliding_window_pattern: 2, rope_scaling: { rope_type: 'linear', factor: 8 } },
      rotations(2, [turns(10_000), turns(1_000_000).map(x => x / 8)]),
    ],
    [
      'has two bases',
      { sliding_window_pattern: 2, rope_theta: 500, rope_local_base_freq: 100 },
      rotations(2, [turns(100), turns(500)]),
    ],
    ['caps logits where it is to', { final_logit_softcapping: 3 }, { ...rotations(6), finalSoftcap: 3 }],
  ])('%s', (_, config, particular) => {
    const model = randomModel(gemma3(config));
    expectLogits(model, text, naiveRotaryDecoder(weightsOf(model), text, { ...spec, ...particular }));
    model.dispose();
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ use_bidirectional_attention: true }, /'use_bidirectional_attention': is not supported/],
    [{ attn_logit_softcapping: 50 }, /'attn_logit_softcapping'/],
    [{ rope_parameters: { rope_theta: 500 } }, /unknown key 'rope_parameters.rope_theta'/],
    [
      { rope_parameters: { full_attention: { rope_type: 'yam' } } },
      /'rope_parameters.full_attention': rope type 'yam'/,
    ],
    [{ layer_types: listed(1, 1) }, /layer_types must have 3 entries/],
  ])('says what is wrong with %j', (change, message) => {
    expect(refusal(gemma3(change))).toMatch(message);
  });

  it('the class that classifies texts is its own', () => {
    const model = createFromConfig(gemma3({ architectures: ['Gemma3TextForSequenceClassification'] }), { seed: 1 });
    expect(keysOf(model)[0]).toBe('model.embed_tokens.weight');
    expect(keysOf(model).at(-1)).toBe('score.weight');
    model.dispose();
  });
});

/** 1: a window */
function listed(...windows: number[]): string[] {
  return windows.map(window => (window ? 'sliding_attention' : 'full_attention'));
}
