/** Assisted decoding: greedy texts are those without, samples are distributed as without, whoever guesses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../../src/generate/config/generation-options.ts';
import { generate } from '../../../src/generate/generate.ts';
import type { GenerateOptions } from '../../../src/generate/generate-options.ts';
import type { GenerationInputs } from '../../../src/generate/prompt/generation-inputs.ts';
import type { Row } from '../../../src/generate/rows.ts';
import { promptLookup } from '../../../src/generate/strategies/drafter.ts';
import { speculativeSample } from '../../../src/generate/strategies/speculative-sampling.ts';
import { createModel } from '../../../src/models/auto.ts';
import type { Model } from '../../../src/models/model.ts';
import { createRandom } from '../../../src/support/random.ts';
import { memoryStats, noGrad, randn, withSeed } from '../../../src/torch/index.ts';
import { randomModel } from '../../models/families/helpers.ts';
import { tinyConfigs } from '../../models/tiny-configs.ts';

const modelOf = (type: string, seed: number, more: object = {}): Model =>
  randomModel({ model_type: type, ...tinyConfigs[type], ...more }, seed);

function texts(
  model: Model,
  inputs: GenerationInputs,
  options: GenerationOptions,
  more: GenerateOptions = {},
): { ids: number[][]; stops: (string | undefined)[]; logProbs: number[] } {
  const result = { ids: [] as number[][], stops: [] as (string | undefined)[], logProbs: [] as number[] };
  const config = resolveGenerationConfig(options);
  for (const tokens of generate(model, inputs, config, { logProbs: true, ...more })) {
    for (const { row, id, stop, logProb } of tokens) {
      result.ids[row] ??= [];
      result.ids[row].push(id);
      result.logProbs.push(logProb!);
      if (stop) result.stops[row] = stop;
    }
  }
  return result;
}

/** Counts the tokens that a model reads in each pass. */
function counted(model: Model): { passes: number[] } {
  const log = { passes: [] as number[] };
  const forward = model.forward.bind(model);
  model.forward = inputs => {
    log.passes.push((inputs.decoderInputIds ?? inputs.inputIds)!.size(1));
    return forward(inputs);
  };
  return log;
}

const prompts = [[5, 6, 7, 5, 6], [9, 3, 9, 3, 9], [4]];
const decoders = ['bloom', 'gemma2', 'gemma3_text', 'gpt2', 'llama', 'mistral', 'phi3', 'qwen2', 'qwen3'];
const encoderDecoders = ['bart', 'encoder-decoder', 'marian', 't5'];

describe.each([...decoders, ...encoderDecoders])('greedy decoding of %s', type => {
  const model = modelOf(type, 1);
  const other = modelOf(type, 2);
  const inputs = { inputIds: prompts };
  const base = { maxNewTokens: 20, eosTokenId: 2, repetitionPenalty: 1.1 };

  it('is what it is without, whoever guesses', () => {
    const plain = texts(model, inputs, base);
    const lookedUp = texts(model, inputs, { ...base, promptLookupNumTokens: 4 });
    expect(lookedUp.ids).toEqual(plain.ids);
    expect(lookedUp.stops).toEqual(plain.stops);
    for (const assistant of [other, model]) {
      for (const numAssistantTokensSchedule of ['constant', 'heuristic'] as const) {
        const options = { ...base, numAssistantTokens: 3, numAssistantTokensSchedule, assistantConfidenceThreshold: 0 };
        const found = texts(model, inputs, options, { assistant });
        expect(found.ids).toEqual(plain.ids);
        expect(found.stops).toEqual(plain.stops);
      }
    }
  });
});

describe('the angles of rotary positions that depend on the length', () => {
  const rope = { rope_type: 'dynamic', factor: 2, rope_theta: 100 };
  const long = {
    original_max_position_embeddings: 10,
    rope_scaling: { type: 'longrope', short_factor: [1, 1], long_factor: [3, 5] },
  };
  it.each([
    ['llama', { max_position_embeddings: 10, rope_scaling: rope }],
    ['phi3', { max_position_embeddings: 32, ...long }],
  ])('are for every token of %s what they would be without guesses', (type, more) => {
    using model = modelOf(type, 1, more);
    const inputs = { inputIds: [[5, 6, 7, 5, 6, 7]] };
    const base = { maxNewTokens: 16 };
    const beyond = { beyondContext: true };
    const plain = texts(model, inputs, base, beyond);
    using unlike = modelOf(type, 2, more);
    for (const assistant of [model, unlike]) {
      const options = { ...base, numAssistantTokens: 5, assistantConfidenceThreshold: 0 };
      const found = texts(model, inputs, options, { assistant, ...beyond });
      expect(found.ids).toEqual(plain.ids);
      for (const [i, x] of found.logProbs.entries()) expect(Math.abs(x - plain.logProbs[i])).toBeLessThan(1e-4);
    }
  });
});

describe('guesses', () => {
  const sizes = { layers: 1, hidden: 16, heads: 2, context: 64, vocabSize: 12 };
  const wide = (seed: number): Model => {
    const model = createModel('gpt2', sizes, { seed });
    noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(12))));
    return model;
  };

  it('that are right save passes, those of a wrong assistant do not', () => {
    using model = wide(1);
    using assistant = wide(1);
    const log = counted(model);
    const inputs = { inputIds: [[1, 2, 3]] };
    const options = { maxNewTokens: 21, numAssistantTokens: 4, assistantConfidenceThreshold: 0 };
    texts(model, inputs, options, { assistant });
    // The prompt's pass gives one token, each other one four guesses and one more.
    expect(log.passes).toEqual([3, 5, 5, 5, 5]);
    log.passes.length = 0;
    texts(model, inputs, { ...options, numAssistantTokensSchedule: 'heuristic' }, { assistant });
    expect(log.passes).toEqual([3, 5, 7, 8]);
  });

  it('end after a token that the assistant is unsure of', () => {
    using model = wide(1);
    using assistant = wide(1);
    const log = counted(model);
    texts(model, { inputIds: [[1, 2, 3]] }, { maxNewTokens: 9, assistantConfidenceThreshold: 1 }, { assistant });
    expect(log.passes).toEqual([3, 2, 2, 2, 2]);
  });

  it('of an assistant with fewer tokens than the model end where it lacks one', () => {
    using model = wide(1);
    using assistant = createModel('gpt2', { ...sizes, vocabSize: 9 }, { seed: 3 });
    const inputs = { inputIds: [[1, 2, 3]] };
    const options = { maxNewTokens: 9, noRepeatNgramSize: 1 };
    const plain = texts(model, inputs, options);
    expect([...plain.ids[0]].sort((a, b) => a - b)).toEqual([0, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(texts(model, inputs, options, { assistant }).ids).toEqual(plain.ids);
    using larger = createModel('gpt2', { ...sizes, vocabSize: 15 }, { seed: 3 });
    expect(texts(model, inputs, options, { assistant: larger }).ids).toEqual(plain.ids);
  });

  it('stop where the assistant’s context ends, and the text goes on to the model’s', () => {
    using model = wide(1);
    using assistant = createModel('gpt2', { ...sizes, context: 9 }, { seed: 3 });
    const inputs = { inputIds: [[1, 2, 3]] };
    const plain = texts(model, inputs, { maxNewTokens: 100 });
    const found = texts(model, inputs, { maxNewTokens: 100 }, { assistant });
    expect([found.ids, found.stops]).toEqual([plain.ids, ['context']]);
  });

  it('leave nothing behind, even when the text is left early', () => {
    using model = wide(1);
    using assistant = wide(2);
    const before = memoryStats().liveBytes;
    for (const tokens of generate(model, [[1, 2]], resolveGenerationConfig({}), { assistant })) {
      if (tokens[0].id >= 0) break;
    }
    expect(memoryStats().liveBytes).toBe(before);
  });

  it('come from what followed the same tokens before, the longest match first, of equals the first', () => {
    const ids = [1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3];
    const look = (count: number, longest: number, source: number[] = []): number[] =>
      promptLookup(count, longest, source)
        .guess({ ids } as Row, 10, 12)
        .map(({ id }) => id);
    expect(look(2, 3)).toEqual([4, 9]);
    expect(look(20, 3)).toEqual([4, 9, 2, 3, 5, 1, 2, 3]);
    expect(look(2, 2, [7, 2, 3, 6, 6])).toEqual([6, 6]);
    expect(look(2, 3, [7, 2, 3, 6, 6])).toEqual([4, 9]);
    expect(promptLookup(3, 2).guess({ ids: [1, 2, 3] } as Row, 10, 12)).toEqual([]);
  });
});

describe('sampling', () => {
  it('keeps the distribution, whatever it guesses from', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 4 })), {
          minLength: 2,
          maxLength: 5,
        }),
        pairs => {
          fc.pre(pairs.some(([, weight]) => weight > 0));
          const logits = Float32Array.from(pairs, ([x]) => x);
          const total = pairs.reduce((sum, [, weight]) => sum + weight, 0);
          const q = Float64Array.from(pairs, ([, weight]) => weight / total);
          const sum = logits.reduce((s, x) => s + Math.exp(x), 0);
          // The chance of each outcome, over the guess and over the draws: on a grid of the first draw, exactly.
          const random = createRandom(5);
          const draws = 2000;
          const found = new Float64Array(pairs.length);
          for (let i = 0; i < draws; i++) {
            let id = 0;
            for (let x = random.next() - q[0]; x > 0 && id < q.length - 1; x -= q[id]) id++;
            while (q[id] === 0) id--;
            found[speculativeSample(logits, { id, probabilities: q }, random)] += 1 / draws;
          }
          for (const [i, x] of logits.entries()) expect(Math.abs(found[i] - Math.exp(x) / sum)).toBeLessThan(0.05);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('of whole texts is distributed as without, for an assistant and for the prompt', () => {
    const sizes = { layers: 1, hidden: 8, heads: 2, context: 16, vocabSize: 4 };
    using model = createModel('gpt2', sizes, { seed: 1 });
    using assistant = createModel('gpt2', sizes, { seed: 2 });
    for (const each of [model, assistant])
      noGrad(() => each.parameters().forEach(p => void (p.dim === 2 && p.mul_(15))));
    const [count, most] = process.env.TSLM_LONG ? [1500, 0.06] : [400, 0.1];
    const frequencies = (more: GenerationOptions, options: GenerateOptions = {}): Record<string, number> => {
      const base = { doSample: true, topK: 3, maxNewTokens: 3, numReturnSequences: count, seed: 11 };
      const found: Record<string, number> = {};
      for (const ids of texts(model, { inputIds: [[1, 2, 1]] }, { ...base, ...more }, options).ids) {
        found[ids.join()] = (found[ids.join()] ?? 0) + 1 / count;
      }
      return found;
    };
    const plain = frequencies({});
    expect(Object.keys(plain).length).toBeGreaterThan(6);
    for (const found of [
      frequencies({ assistantConfidenceThreshold: 0.3 }, { assistant }),
      frequencies({ promptLookupNumTokens: 3 }),
    ]) {
      for (const text of new Set([...Object.keys(plain), ...Object.keys(found)])) {
        expect(Math.abs((found[text] ?? 0) - (plain[text] ?? 0)), text).toBeLessThan(most);
      }
    }
  });

  it('is the same for the same seed, each text by its own', () => {
    using model = modelOf('llama', 1);
    using assistant = modelOf('llama', 2);
    const options = { doSample: true, maxNewTokens: 8, numReturnSequences: 2, seed: 3 };
    const once = texts(model, { inputIds: prompts }, options, { assistant });
    expect(texts(model, { inputIds: prompts }, options, { assistant })).toEqual(once);
    expect(texts(model, { inputIds: prompts }, { ...options, seed: 4 }, { assistant }).ids).not.toEqual(once.ids);
    expect(once.ids).toHaveLength(6);
    expect(once.ids[0]).not.toEqual(once.ids[1]);
  });
});

describe('images', () => {
  it('are read by model and assistant alike', () => {
    using model = modelOf('vision-encoder-decoder', 1);
    using assistant = modelOf('vision-encoder-decoder', 2);
    using pixelValues = withSeed(1, () => randn([2, 3, 12, 12]));
    const options = { maxNewTokens: 12, eosTokenId: 2 };
    const plain = texts(model, { pixelValues }, options);
    expect(texts(model, { pixelValues }, options, { assistant }).ids).toEqual(plain.ids);
    expect(texts(model, { pixelValues }, { ...options, promptLookupNumTokens: 3 }).ids).toEqual(plain.ids);
  });
});

describe('what does not go together', () => {
  it('is an error that names both', () => {
    using model = modelOf('gpt2', 1);
    using xlnet = modelOf('xlnet', 1);
    const run = (options: GenerationOptions, more: GenerateOptions = {}, of = model) =>
      texts(of, { inputIds: [[3]] }, options, more);
    const assistant = model;
    expect(() => run({ numBeams: 2 }, { assistant })).toThrow(/an assistant does not go with 'numBeams'/);
    expect(() => run({ penaltyAlpha: 0.5 }, { assistant })).toThrow(/'penaltyAlpha'/);
    expect(() => run({ promptLookupNumTokens: 2 }, { assistant })).toThrow(/'promptLookupNumTokens'/);
    expect(() => run({ promptLookupNumTokens: 2, numBeams: 2 })).toThrow(/'promptLookupNumTokens' is 2.*'numBeams', 2/);
    expect(() => run({ maxMatchingNgramSize: 2 })).toThrow(/'maxMatchingNgramSize' has no effect without/);
    expect(() => run({}, { assistant: xlnet })).toThrow(/the assistant, a xlnet model, keeps no keys and values/);
    expect(() => run({ promptLookupNumTokens: 2 }, {}, xlnet)).toThrow(
      expect.objectContaining({ code: 'TSLM_NO_CACHE' }),
    );
    using small = createModel('gpt2', { layers: 1, hidden: 8, heads: 2, context: 4, vocabSize: 37 }, { seed: 1 });
    const long = () => texts(model, { inputIds: [[3, 4, 5, 6, 7]] }, {}, { assistant: small });
    expect(long).toThrow(/the assistant: the prompt has 5 tokens/);
  });
});
