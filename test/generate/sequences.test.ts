import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import { generate } from '../../src/generate/generate.ts';
import type { GenerationInputs } from '../../src/generate/prompt/generation-inputs.ts';
import { generateSequences } from '../../src/generate/sequences.ts';
import { createFromConfig, createModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { inferenceMode, noGrad, scope, tensor, zeros } from '../../src/torch/index.ts';

const sizes = { layers: 2, hidden: 16, heads: 2, context: 24, vocabSize: 30 };
const model = createModel('gpt2', sizes, { seed: 1 });
noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(20))));

const run = (inputs: GenerationInputs, options: GenerationOptions = {}, more = {}) =>
  generateSequences(model, inputs, resolveGenerationConfig({ maxNewTokens: 8, ...options }), more);

describe('generateSequences', () => {
  const prompt = [7, 3, 9];
  const [free] = run({ inputIds: [prompt] }).sequences;

  it('returns prompt and continuation', () => {
    expect(free).toHaveLength(11);
    expect(free.slice(0, 3)).toEqual(prompt);
  });

  it('leaves out padding, wherever it is: by the mask, or by the pad token', () => {
    const padded = [
      [0, 0, ...prompt],
      [5, 6, 7, 8, 9],
    ];
    const attentionMask = padded.map(ids => ids.map(id => (id === 0 ? 0 : 1)));
    const masked = run({ inputIds: padded, attentionMask }).sequences;
    expect(masked[0]).toEqual([0, 0, ...free]);
    expect(run({ inputIds: padded }, { padTokenId: 0 }).sequences).toEqual(masked);
    // A pad token that ends texts, too, may be part of a prompt.
    expect(run({ inputIds: padded }, { padTokenId: 0, eosTokenId: [29, 0] }).sequences[0]).not.toEqual(masked[0]);
    const inside = run({ inputIds: [[7, 0, 3, 9]], attentionMask: [[1, 0, 1, 1]] }).sequences;
    expect(inside[0].slice(4)).toEqual(free.slice(3));
  });

  it('fills what is shorter with the pad token, or the first end-of-sequence token', () => {
    const eos = free[5];
    const inputIds = [prompt, [1, 2, 4]];
    const end = free.indexOf(eos, 3) + 1;
    const fill = (id: number, more: GenerationOptions) => {
      const [first, second] = run({ inputIds }, { eosTokenId: [eos, 29], ...more }).sequences;
      expect(first.length).toBe(second.length);
      expect(first).toEqual([...free.slice(0, end), ...new Array<number>(first.length - end).fill(id)]);
      return first.length - end;
    };
    expect(fill(28, { padTokenId: 28 })).toBeGreaterThan(0);
    fill(eos, {});
    fill(0, { padTokenId: 0, suppressTokens: [] });
  });

  it('draws several texts a prompt, each from its own seed', () => {
    const options = { doSample: true, topK: 0, temperature: 3 };
    const several = run({ inputIds: [prompt, [1, 2, 4]] }, { ...options, numReturnSequences: 3, seed: 10 }).sequences;
    expect(several.map(ids => ids.slice(0, 3).join())).toEqual([...Array(3).fill('7,3,9'), ...Array(3).fill('1,2,4')]);
    for (const [row, ids] of several.entries()) {
      expect(run({ inputIds: [ids.slice(0, 3)] }, { ...options, seed: 10 + row }).sequences[0]).toEqual(ids);
    }
    expect(new Set(several.map(ids => ids.join())).size).toBe(6);
  });

  it('gives the model’s log-probabilities, untouched by the processors', () => {
    const { logProbs, sequences } = run({ inputIds: [prompt] }, { suppressTokens: [free[3]] }, { logProbs: true });
    expect(logProbs![0]).toHaveLength(8);
    expect(sequences[0]).not.toContain(free[3]);
    const [first] = logProbs![0];
    expect(first.indexOf(Math.max(...first))).toBe(free[3]);
    expect(first.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 4);
  });

  it.each([
    ['nothing', {}, {}, 'TSLM_BAD_INPUT', /nothing to generate from/],
    [
      'images for a model of text',
      { pixelValues: zeros([1, 3, 4, 4]) },
      {},
      'TSLM_BAD_INPUT',
      /does not read 'pixelValues'/,
    ],
    ['a mask of another shape', { inputIds: [[1, 2]], attentionMask: [[1]] }, {}, 'TSLM_BAD_MASK', /rows of 1 tokens/],
    ['nothing but padding', { inputIds: [[1, 2]], attentionMask: [[0, 0]] }, {}, 'TSLM_EMPTY_PROMPT', /no tokens/],
    ['stop strings', { inputIds: [[1]] }, { stopStrings: ['x'] }, 'TSLM_CONTRADICTION', /need a tokenizer/],
  ])('refuses %s', (_, inputs, options, code, message) => {
    expect(() => run(inputs as GenerationInputs, options)).toThrow(
      expect.objectContaining({ code, exitCode: 2, message: expect.stringMatching(message) }),
    );
  });

  it('refuses log-probabilities with beams', () => {
    expect(() => run({ inputIds: [[1]] }, { numBeams: 2 }, { logProbs: true })).toThrow(/'logProbs'/);
  });
});

describe('beyond the positions that a model was made for', () => {
  const sizes = {
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 2,
    vocab_size: 30,
  };
  const create = (config: Record<string, unknown>): Model => {
    const made = createFromConfig({ ...sizes, ...config }, { seed: 1 }).eval();
    noGrad(() => made.parameters().forEach(p => void (p.dim === 2 && p.mul_(20))));
    return made;
  };
  const greedy = (made: Model, prompt: number[], count: number): number[] => {
    const text = [...prompt];
    for (let i = 0; i < count; i++) {
      const inputIds = tensor([text], { dtype: 'int64' });
      text.push(scope(() => inferenceMode(() => made.forward({ inputIds }).logits!.select(1, -1).argmax().item())));
    }
    return text;
  };

  it('goes on with rotary positions, as Hugging Face does, and streams no further', () => {
    using llama = create({ model_type: 'llama', max_position_embeddings: 8 });
    const { sequences } = generateSequences(
      llama,
      { inputIds: [[1, 2]] },
      resolveGenerationConfig({ maxNewTokens: 12 }),
    );
    expect(sequences).toEqual([greedy(llama, [1, 2], 12)]);
    const streamed = [...generate(llama, [[1, 2]], resolveGenerationConfig({ maxNewTokens: 12 }))].flat();
    expect(streamed.map(({ id }) => id)).toEqual(sequences[0].slice(2, 9));
    expect(streamed.at(-1)!.stop).toBe('context');
  });

  it('reads a text anew where LongRoPE turns all keys by other angles', () => {
    const factors = (factor: number): number[] => new Array<number>(4).fill(factor);
    using phi = create({
      model_type: 'phi3',
      max_position_embeddings: 64,
      original_max_position_embeddings: 9,
      pad_token_id: null,
      rope_scaling: { type: 'longrope', short_factor: factors(1), long_factor: factors(6) },
    });
    const prompts = [
      [1, 2, 3, 4],
      [5, 9, 7, 8],
    ];
    const expected = prompts.map(prompt => greedy(phi, prompt, 14));
    const config = resolveGenerationConfig({ maxNewTokens: 14 });
    expect(generateSequences(phi, { inputIds: prompts }, config).sequences).toEqual(expected);
    // Beams change places, before and after.
    const beams = resolveGenerationConfig({ maxNewTokens: 14, numBeams: 3, numReturnSequences: 3 });
    const { sequences, sequencesScores } = generateSequences(phi, { inputIds: prompts }, beams);
    for (const [i, prompt] of prompts.entries()) {
      const alone = generateSequences(phi, { inputIds: [prompt] }, beams);
      expect(alone.sequences).toEqual(sequences.slice(3 * i, 3 * i + 3));
      for (const [j, score] of alone.sequencesScores!.entries())
        expect(sequencesScores![3 * i + j]).toBeCloseTo(score, 4);
    }
  });
});
