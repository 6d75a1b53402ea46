/** Which modules are meant and how strongly, by the rules of PEFT's documentation. */
import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../src/models/adapters/config.ts';
import { type LoraConfig, strengthOf } from '../../../src/models/adapters/methods/lora.ts';
import { targetsOf } from '../../../src/models/adapters/targets.ts';

const names = [
  'model.embed_tokens',
  ...[0, 1, 2].flatMap(i => ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.up_proj'].map(n => `model.layers.${i}.${n}`)),
  'lm_head',
  'score',
];
const candidates = names.map(name => ({
  name,
  isLinear: name !== 'model.embed_tokens',
  isOutput: name === 'lm_head',
}));
const parse = (config: object) => parseAdapterConfig({ peft_type: 'LORA', ...config }, 'test');
const targets = (config: object): string[] => [...targetsOf(candidates, parse(config))];
const inLayers = (layers: number[], modules: string[]): string[] =>
  layers.flatMap(i => modules.map(name => `model.layers.${i}.${name}`));

describe('target_modules', () => {
  it('takes whole names and ends of names, never parts of a name', () => {
    expect(targets({ target_modules: ['v_proj'] })).toEqual(inLayers([0, 1, 2], ['self_attn.v_proj']));
    expect(targets({ target_modules: ['lm_head', 'proj'] })).toEqual(['lm_head']);
    expect(targets({ target_modules: ['1.mlp.up_proj'] })).toEqual(['model.layers.1.mlp.up_proj']);
  });

  it('takes a regular expression for the whole name', () => {
    expect(targets({ target_modules: '.*\\.[02]\\..*(q|up)_proj' })).toEqual(
      inLayers([0, 2], ['self_attn.q_proj', 'mlp.up_proj']),
    );
    expect(targets({ target_modules: 'q_proj' })).toEqual([]);
    expect(() => targets({ target_modules: '(' })).toThrow(/'target_modules'.*regular expression/);
  });

  it('takes all linear maps but the output layer, and but the classifier of sequences', () => {
    const all = inLayers([0, 1, 2], ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.up_proj']);
    expect(targets({ target_modules: 'all-linear' })).toEqual([...all, 'score']);
    expect(targets({ target_modules: 'all-linear', task_type: 'SEQ_CLS' })).toEqual(all);
  });

  it('leaves out what is excluded or saved whole', () => {
    const config = { target_modules: ['q_proj', 'v_proj', 'score'] };
    expect(targets({ ...config, exclude_modules: ['1.self_attn.q_proj', 'v_proj'] })).toEqual([
      ...inLayers([0, 2], ['self_attn.q_proj']),
      'score',
    ]);
    expect(targets({ ...config, exclude_modules: '.*_proj' })).toEqual(['score']);
    expect(targets({ ...config, exclude_modules: '.*_proj', modules_to_save: ['score'] })).toEqual([]);
    expect(targets({ target_modules: ['q_proj'], modules_to_save: ['layers.1'] })).toEqual(
      inLayers([0, 2], ['self_attn.q_proj']),
    );
  });

  it('takes some layers alone', () => {
    const config = { target_modules: ['q_proj', 'lm_head'] };
    const [q] = [['self_attn.q_proj']];
    // A module that is named whole is meant whatever its layer.
    expect(targets({ ...config, layers_to_transform: [0, 2] })).toEqual([...inLayers([0, 2], q), 'lm_head']);
    expect(targets({ ...config, layers_to_transform: 1, layers_pattern: 'layers' })).toEqual([
      ...inLayers([1], q),
      'lm_head',
    ]);
    expect(targets({ ...config, layers_to_transform: 1, layers_pattern: ['blocks'] })).toEqual(['lm_head']);
    expect(targets({ ...config, layers_to_transform: [] })).toEqual([...inLayers([0, 1, 2], q), 'lm_head']);
  });
});

describe('rank and scale', () => {
  const strength = (name: string, config: object) =>
    strengthOf(name, parse({ target_modules: ['x'], ...config }) as LoraConfig);

  it('are r and α / r, or α / √r', () => {
    expect(strength('a', {})).toEqual({ rank: 8, scale: 1, dropout: 0 });
    expect(strength('a', { r: 4, lora_alpha: 6, lora_dropout: 0.1 })).toEqual({ rank: 4, scale: 1.5, dropout: 0.1 });
    expect(strength('a', { r: 4, lora_alpha: 6, use_rslora: true })).toMatchObject({ rank: 4, scale: 3 });
  });

  it('follow the first pattern that fits', () => {
    const config = {
      r: 8,
      lora_alpha: 16,
      rank_pattern: { 'layers.1.q': 4, q: 2, 'layers.\\d+.v': 16 },
      alpha_pattern: { 'model.layers.0.q': 5 },
    };
    expect(strength('model.layers.0.q', config)).toMatchObject({ rank: 2, scale: 2.5 });
    expect(strength('model.layers.1.q', config)).toMatchObject({ rank: 4, scale: 4 });
    expect(strength('model.layers.12.v', config)).toMatchObject({ rank: 16, scale: 1 });
    expect(strength('model.layers.0.xq', config)).toMatchObject({ rank: 8, scale: 2 });
  });
});
