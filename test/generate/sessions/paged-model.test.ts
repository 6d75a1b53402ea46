/** Decoders of every family with their keys and values in pages: the logits of a whole forward pass. */
import { describe, expect, it } from 'vitest';
import { canPage, pagedModel } from '../../../src/generate/sessions/paged-model.ts';
import { createFromConfig } from '../../../src/models/auto.ts';
import { families } from '../../../src/models/families/index.ts';
import type { Model } from '../../../src/models/model.ts';
import { inferenceMode, memoryStats, noGrad, randn, scope, tensor, withSeed } from '../../../src/torch/index.ts';
import { tinyConfigs } from '../../models/tiny-configs.ts';

const causal = Object.values(families).flatMap(({ modelType, architectures }) => {
  const name = Object.keys(architectures).find(key => architectures[key] === 'causalLM');
  return name === undefined ? [] : { modelType, name };
});

function make(modelType: string, name: string, config: object = {}): Model {
  const model = createFromConfig(
    { model_type: modelType, architectures: [name], ...tinyConfigs[modelType], ...config },
    { seed: 1 },
  ).eval();
  withSeed(2, () => noGrad(() => scope(() => model.parameters().forEach(p => void p.add_(randn(p.shape).mul(0.1))))));
  return model;
}

const pageable = causal.filter(({ modelType, name }) => {
  using model = make(modelType, name);
  return canPage(model);
});

describe('models in pages', () => {
  it('are the decoders that attend in full or in a window', () => {
    const names = new Set(pageable.map(({ modelType }) => modelType));
    for (const name of ['gpt2', 'bloom', 'llama', 'mistral', 'qwen2', 'qwen3', 'gemma2', 'gemma3_text', 'phi3']) {
      expect(names).toContain(name);
    }
    for (const name of ['xlnet', 'roberta']) expect(names).not.toContain(name);
  });

  it.each(pageable)('$modelType: two texts in pieces, side by side', ({ modelType, name }) => {
    const model = make(modelType, name);
    const texts = [23, 17].map((length, i) => Array.from({ length }, (_, t) => 3 + ((t * 7 + i * 5) % 30)));
    const whole = texts.map(ids =>
      inferenceMode(() =>
        model
          .forward({ inputIds: tensor([ids], { dtype: 'int64' }) })
          .logits!.to('float32')
          .toArray(),
      ),
    ) as number[][][][];
    const before = memoryStats().liveBytes;
    {
      using paged = pagedModel(model, { pages: 4 });
      const first = paged.forward([
        { ids: texts[0].slice(0, 9), past: 0, pages: [2], logits: 'all' },
        { ids: texts[1].slice(0, 14), past: 0, pages: [0], logits: 'none' },
      ]);
      expect(first.map(({ length }) => length)).toEqual([9, 0]);
      const second = paged.forward([
        { ids: texts[1].slice(14), past: 14, pages: [0], logits: 'all' },
        { ids: texts[0].slice(9), past: 9, pages: [2], logits: 'last' },
      ]);
      const pairs: [Float32Array, number[]][] = [
        ...first[0].map((logits, t): [Float32Array, number[]] => [logits, whole[0][0][t]]),
        ...second[0].map((logits, t): [Float32Array, number[]] => [logits, whole[1][0][14 + t]]),
        [second[1][0], whole[0][0][22]],
      ];
      expect(pairs).toHaveLength(13);
      for (const [actual, expected] of pairs) {
        for (const [i, value] of expected.entries()) expect(Math.abs(actual[i] - value)).toBeLessThan(2e-4);
      }
    }
    expect(memoryStats().liveBytes).toBe(before);
    model.dispose();
  });
});
