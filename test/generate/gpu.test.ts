/** Generation on a GPU: the tokens of the CPU, one text or many, by beams, and through the engine's pages. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import { generateSequences } from '../../src/generate/sequences.ts';
import { pagedModel } from '../../src/generate/sessions/paged-model.ts';
import { createFromConfig } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import type { Device } from '../../src/torch/index.ts';
import { cudaDevice } from '../helpers/cuda.ts';
import { tinyConfigs } from '../models/tiny-configs.ts';

const [device] = cudaDevice;
const families = ['gpt2', 'llama', 'bloom', 'gemma2', 'bart', 't5'].filter(family => family in tinyConfigs);
const prompts = [
  [5, 9, 12, 7],
  [6, 30],
  [8, 8, 11, 4, 20, 33, 9],
];

const make = (family: string, on: Device): Model => {
  const architectures = family === 'bart' ? ['BartForConditionalGeneration'] : undefined;
  const config = { model_type: family, ...tinyConfigs[family], ...(architectures && { architectures }) };
  return createFromConfig(config, { seed: 1 }).to({ device: on }).eval() as Model;
};

describe.skipIf(device === undefined).each(families)('%s on a GPU', family => {
  it.each([
    ['greedily', {}],
    ['by beams', { numBeams: 3 }],
  ])('writes what it writes on the CPU, %s', (_, options) => {
    const config = resolveGenerationConfig({ maxNewTokens: 10, doSample: false, ...options });
    using here = make(family, 'cpu');
    using there = make(family, device);
    const [actual, expected] = [there, here].map(model => generateSequences(model, { inputIds: prompts }, config));
    expect(actual.sequences).toEqual(expected.sequences);
  });
});

describe.skipIf(device === undefined).each(['gpt2', 'llama', 'bloom'])('pages of %s on a GPU', family => {
  it('give the logits of the CPU', () => {
    using here = make(family, 'cpu');
    using there = make(family, device);
    const steps = [
      [
        { ids: prompts[2], past: 0, pages: [3], logits: 'all' as const },
        { ids: prompts[1], past: 0, pages: [1], logits: 'last' as const },
      ],
      [
        { ids: [9], past: 7, pages: [3], logits: 'last' as const },
        { ids: [17], past: 2, pages: [1], logits: 'last' as const },
      ],
    ];
    const logitsOf = (model: Model): number[] => {
      using paged = pagedModel(model, { pages: 5 });
      return steps.flatMap(step => paged.forward(step).flatMap(rows => rows.flatMap(row => Array.from(row))));
    };
    const expected = logitsOf(here);
    const actual = logitsOf(there);
    expect(actual).toHaveLength(expected.length);
    for (const [i, value] of actual.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(1e-3);
  });
});
