import { describe, expect, it } from 'vitest';
import { parseMergeConfig, settingAt } from '../../../src/models/merging/config.ts';

const models = [{ model: 'a', parameters: { weight: 1 } }, { model: 'b' }];

describe('mergekit’s YAML', () => {
  it('gives a number to a tensor: alone, over the layers, or by the name', () => {
    expect(settingAt(0.3, 'x', 1)).toBe(0.3);
    expect([0, 0.25, 0.5, 1].map(depth => settingAt([0, 1, 4], 'x', depth))).toEqual([0, 0.5, 1, 4]);
    const byName = [{ filter: 'self_attn', value: [0, 1] }, { filter: 'mlp', value: 2 }, { value: 0.5 }];
    const names = ['layers.0.self_attn.q_proj.weight', 'layers.0.mlp.up_proj.weight', 'model.norm.weight'];
    expect(names.map(name => settingAt(byName, name, 0.5))).toEqual([0.5, 2, 0.5]);
    expect(settingAt(undefined, 'x', 0)).toBeUndefined();
  });

  it.each([
    [{ merge_method: 'model_stock', models, base_model: 'c' }, /'model_stock' is not supported/],
    [{ merge_method: 'ties', models }, /needs a 'base_model'/],
    [{ merge_method: 'linear', models, base_model: 'c' }, /'linear' has no base/],
    [{ merge_method: 'slerp', models, base_model: 'c', parameters: { t: 0.5 } }, /one of them the 'base_model'/],
    [{ merge_method: 'slerp', models: [{ model: 'a' }, { model: 'b' }], base_model: 'a' }, /needs 'parameters.t'/],
    [{ merge_method: 'linear', models, parameters: { density: 0.5 } }, /'parameters.density' means nothing/],
    [
      { merge_method: 'task_arithmetic', base_model: 'c', models: [{ model: 'a', parameters: { t: 1 } }] },
      /models.0.parameters.t/,
    ],
    [{ merge_method: 'linear', models, slices: [] }, /'slices': is not supported/],
    [{ merge_method: 'linear', models, tokenizer_source: 'union' }, /only 'base' is/],
    [{ merge_method: 'linear', model: [] }, /unknown key 'model'|'models' is missing/],
  ])('%j is refused', (config, message) => {
    expect(() => parseMergeConfig(config, 'merge.yaml')).toThrow(message);
  });
});
