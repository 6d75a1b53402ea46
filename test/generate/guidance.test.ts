/** Classifier-free guidance against its formula. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import { generate } from '../../src/generate/generate.ts';
import type { GenerateOptions } from '../../src/generate/generate-options.ts';
import type { Model } from '../../src/models/model.ts';
import { inferenceMode, memoryStats, scope, tensor } from '../../src/torch/index.ts';
import { randomModel } from '../models/families/helpers.ts';
import { tinyConfigs } from '../models/tiny-configs.ts';

const modelOf = (type: string): Model => randomModel({ model_type: type, ...tinyConfigs[type] });

function run(model: Model, inputIds: number[][], options: GenerationOptions, more: GenerateOptions = {}): number[][] {
  const texts: number[][] = inputIds.map(() => []);
  for (const tokens of generate(model, inputIds, resolveGenerationConfig(options), more)) {
    for (const { row, id } of tokens) texts[row].push(id);
  }
  return texts;
}

function logProbs(model: Model, ids: number[]): number[] {
  return scope(() =>
    inferenceMode(() => {
      const inputIds = tensor([ids], { dtype: 'int64' });
      return model.forward({ inputIds }).logits!.select(1, -1).logSoftmax(-1).toNumbers();
    }),
  );
}

/** The text of the highest guided score at each token. */
function naive(model: Model, prompt: number[], other: number[], scale: number, count: number): number[] {
  const generated: number[] = [];
  while (generated.length < count) {
    const towards = logProbs(model, [...prompt, ...generated]);
    const from = logProbs(model, [...other, ...generated]);
    const scores = towards.map((x, id) => from[id] + scale * (x - from[id]));
    generated.push(scores.indexOf(Math.max(...scores)));
  }
  return generated;
}

const prompts = [
  [5, 9, 3],
  [7, 8, 9, 10, 11],
  [4, 6],
];

describe('guidanceScale', () => {
  it.each(['llama', 'gpt2'])('leans %s away from what follows without the prompt', type => {
    using model = modelOf(type);
    const before = memoryStats().liveBytes;
    const expected = prompts.map(prompt => naive(model, prompt, prompt.slice(-1), 2.5, 8));
    expect(run(model, prompts, { guidanceScale: 2.5, maxNewTokens: 8 })).toEqual(expected);
    expect(expected).not.toEqual(run(model, prompts, { maxNewTokens: 8 }));
    expect(memoryStats().liveBytes).toBe(before);
  });

  it('leans away from another prompt, and stays with the texts that go on', () => {
    using model = modelOf('llama');
    const negativePrompts = [[8, 8], [3], [12, 13, 14]];
    const expected = prompts.map((prompt, i) => naive(model, prompt, negativePrompts[i], 1.7, 8));
    const eosTokenId = expected[1][3];
    const found = run(model, prompts, { guidanceScale: 1.7, maxNewTokens: 8, eosTokenId }, { negativePrompts });
    for (const [row, ids] of found.entries()) {
      const end = expected[row].indexOf(eosTokenId);
      expect(ids).toEqual(end < 0 ? expected[row] : expected[row].slice(0, end + 1));
    }
  });

  it('guides beams, which change places', () => {
    using model = modelOf('gpt2');
    // As many beams as there are texts of one token: the second token is found by exhaustive search.
    const found = run(model, [prompts[0]], { guidanceScale: 2, maxNewTokens: 2, numBeams: 37, eosTokenId: null });
    const guided = (generated: number[]): number[] => {
      const towards = logProbs(model, [...prompts[0], ...generated]);
      const from = logProbs(model, [...prompts[0].slice(-1), ...generated]);
      const scores = towards.map((x, id) => from[id] + 2 * (x - from[id]));
      return scores;
    };
    let best: { ids: number[]; score: number } = { ids: [], score: Number.NEGATIVE_INFINITY };
    for (const [a, first] of guided([]).entries()) {
      for (const [b, second] of guided([a]).entries()) {
        if (first + second > best.score) best = { ids: [a, b], score: first + second };
      }
    }
    expect(found).toEqual([best.ids]);
  });

  it('refuses what it cannot guide', () => {
    using model = modelOf('gpt2');
    using t5 = modelOf('t5');
    const options = { guidanceScale: 2, maxNewTokens: 3 };
    expect(() => run(t5, prompts, options)).toThrow(/'guidanceScale'.*an encoder–decoder does not have/);
    expect(() => run(model, prompts, options, { negativePrompts: [[3]] })).toThrow(/'negativePrompts' are not as many/);
    expect(() => run(model, prompts, options, { assistant: model })).toThrow(/does not go with 'guidanceScale'/);
    expect(() => run(model, prompts, { ...options, promptLookupNumTokens: 2 })).toThrow(/'promptLookupNumTokens'/);
    const long = Array.from({ length: 31 }, () => 3);
    expect(() => run(model, [[3, 4]], options, { negativePrompts: [long] })).toThrow(/does not fit/);
  });
});
