import { describe, expect, it } from 'vitest';
import { createFromConfig } from '../../../src/models/auto.ts';
import { emptyParameter, type Parameter } from '../../../src/nn/module.ts';
import { fromTypedArray } from '../../../src/torch/index.ts';
import { adamW } from '../../../src/train/optimizers/adamw.ts';
import { partsOf } from '../../../src/train/optimizers/groups.ts';
import { decays, type NamedParameters } from '../../../src/train/optimizers/optimizer.ts';
import { createOptimizer, optimizerSchema } from '../../../src/train/optimizers/optimizers.ts';
import { wholeModel } from '../../../src/train/trainable.ts';
import { errorOf } from '../../data/helpers.ts';
import { tinyConfigs } from '../../models/tiny-configs.ts';

const trainableOf = (family: string) =>
  wholeModel(createFromConfig({ model_type: family, ...tinyConfigs[family] }, { seed: 1 }));

/** The factor of each parameter, by its checkpoint key. */
function factors(family: string, options: Parameters<typeof partsOf>[1]): Record<string, number> {
  const trainable = trainableOf(family);
  const parts = partsOf(trainable.namedParameters(), options, trainable.keyOf);
  const entries = parts.flatMap(({ named, lr }) => named.map(([name]) => [trainable.keyOf(name), lr] as const));
  trainable.dispose();
  return Object.fromEntries(entries);
}

function weights(): Record<'a.weight' | 'a.bias' | 'b.weight', Parameter> {
  const made = (values: number[], shape: number[]): Parameter => {
    const parameter = emptyParameter(shape);
    parameter.replace(fromTypedArray(Float32Array.from(values), shape));
    parameter.grad = fromTypedArray(
      Float32Array.from(values, value => value / 2),
      shape,
    );
    return parameter;
  };
  return { 'a.weight': made([1, -2, 3, 4], [2, 2]), 'a.bias': made([1, 2], [2]), 'b.weight': made([1, 2], [1, 2]) };
}

const options = optimizerSchema.parse({ weightDecay: 0.1 });
const valuesOf = (named: object): number[][] =>
  Object.values(named).map((parameter: Parameter) => Array.from(parameter.toNumbers()));

describe('groups', () => {
  it('have a factor on the learning rate and a decay of their own', () => {
    const grouped = weights();
    const optimizer = createOptimizer(Object.entries(grouped), {
      ...options,
      groups: [
        { match: ['a'], lr: 0.5, weightDecay: 0.3 },
        { match: ['*.weight'], lr: 0.1 },
      ],
    });
    const alone = weights();
    const a = adamW(Object.entries(alone).slice(0, 2), { betas: [0.9, 0.95], weightDecay: 0.3 });
    const b = adamW(Object.entries(alone).slice(2), { betas: [0.9, 0.95], weightDecay: 0.1 });
    for (let step = 0; step < 3; step++) {
      optimizer.step(0.01, 0.5);
      a.step(0.005, 0.5);
      b.step(0.001, 0.5);
    }
    expect(valuesOf(grouped)).toEqual(valuesOf(alone));
    expect([...optimizer.state().keys()].sort()).toEqual(
      ['a.bias', 'a.weight', 'b.weight'].flatMap(name => [`${name}.exp_avg`, `${name}.exp_avg_sq`]),
    );
  });

  it.each(['muon', 'adafactor', 'lion', 'sgd'])('of factor 1 change nothing with %s', name => {
    const chosen = optimizerSchema.parse({ name });
    const [plain, grouped] = [weights(), weights()];
    const one = createOptimizer(Object.entries(plain), chosen);
    const two = createOptimizer(Object.entries(grouped), {
      ...chosen,
      groups: [{ match: ['a.*'], weightDecay: chosen.weightDecay }],
    });
    for (const optimizer of [one, two]) optimizer.step(0.01);
    expect(valuesOf(grouped)).toEqual(valuesOf(plain));
  });

  it('are matched by checkpoint keys and module paths, whole modules and wildcards', () => {
    const found = (match: string) =>
      Object.entries(factors('bert', { groups: [{ match: [match], lr: 2 }] }))
        .filter(([, factor]) => factor === 2)
        .map(([key]) => key);
    const layer = 'bert.encoder.layer.1.attention.self.query';
    expect(found(layer)).toEqual([`${layer}.weight`, `${layer}.bias`]);
    expect(found('backbone.embeddings.word')).toEqual(['bert.embeddings.word_embeddings.weight']);
    expect(found('*.layer.[01].attention.self.quer?.bias')).toEqual(
      [0, 1].map(i => `${layer.replace('1', `${i}`)}.bias`),
    );
    expect(found('*.layer.[!0].attention.self.query.bias')).toEqual([`${layer}.bias`]);
    expect(found('bert.embeddings').length).toBe(5);
  });

  it('that match nothing are an error with near names', async () => {
    const error = await errorOf(() => factors('bert', { groups: [{ match: ['bert.embedings.*'] }] }));
    expect(error).toMatchObject({
      code: 'TSLM_NO_PARAMETER',
      message: "'optimizer.groups.0.match': 'bert.embedings.*' matches no parameter of the model",
      exitCode: 2,
    });
    expect(error).toMatchObject({ hint: expect.stringContaining("'bert.embeddings'") });
  });
});

describe('layer decay', () => {
  it('is the least in the embeddings and none in the head', () => {
    const byKey = factors('bert', { layerDecay: 0.5 });
    const of = (part: string): number[] => [
      ...new Set(Object.entries(byKey).flatMap(([key, factor]) => (key.startsWith(part) ? [factor] : []))),
    ];
    expect(of('bert.embeddings.')).toEqual([0.125]);
    expect(of('bert.encoder.layer.0.')).toEqual([0.25]);
    expect(of('bert.encoder.layer.1.')).toEqual([0.5]);
    expect(of('cls.')).toEqual([1]);
  });

  it('counts encoder and decoder each by itself', () => {
    const byKey = factors('t5', { layerDecay: 0.5 });
    expect(byKey).toMatchObject({
      'shared.weight': 0.125,
      'encoder.block.0.layer.0.SelfAttention.q.weight': 0.25,
      'encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight': 0.25,
      'encoder.block.1.layer.0.SelfAttention.q.weight': 0.5,
      'encoder.final_layer_norm.weight': 1,
      'decoder.block.0.layer.0.SelfAttention.q.weight': 0.5,
    });
  });

  it.each(Object.keys(tinyConfigs))('of %s reaches every layer, and the embeddings alone have the least', family => {
    const byKey = factors(family, { layerDecay: 0.5 });
    const least = Math.min(...Object.values(byKey));
    for (const [key, factor] of Object.entries(byKey)) {
      const isLayer = /\.(layers?|h|block|albert_layer_groups)\.\d+\./.test(key);
      const isEmbedding = !isLayer && /embed|wte|wpe|shared|cls_token|mask_emb/.test(key);
      if (isEmbedding) expect([key, factor]).toEqual([key, least]);
      else expect(factor, key).toBeGreaterThan(least);
      if (isLayer) expect(factor, key).toBeLessThan(1);
    }
  });

  it('multiplies with the factor of a group', () => {
    const byKey = factors('gpt2', { layerDecay: 0.5, groups: [{ match: ['transformer.h.1'], lr: 0.1 }] });
    expect(byKey['transformer.h.1.attn.c_attn.weight']).toBeCloseTo(0.05, 12);
    expect(byKey['transformer.h.0.attn.c_attn.weight']).toBe(0.25);
  });
});

it('decay leaves out biases that are matrices', () => {
  const undecayed = (family: string): string[] => {
    const named: NamedParameters = trainableOf(family).namedParameters();
    return named.filter(([name, parameter]) => parameter.dim >= 2 && !decays(name, parameter)).map(([name]) => name);
  };
  expect(undecayed('t5')).toEqual(
    ['encoder', 'decoder'].map(part => `backbone.${part}.stack.relativeBias.table.weight`),
  );
  expect(undecayed('bert')).toEqual([]);
});
