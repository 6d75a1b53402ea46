/** Contrastive search against the formula computed from whole forward passes, and at its edges. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../../src/generate/config/generation-options.ts';
import { generate } from '../../../src/generate/generate.ts';
import { generateSequences } from '../../../src/generate/sequences.ts';
import type { Model } from '../../../src/models/model.ts';
import { inferenceMode, memoryStats, scope, tensor } from '../../../src/torch/index.ts';
import { randomModel } from '../../models/families/helpers.ts';
import { tinyConfigs } from '../../models/tiny-configs.ts';

const modelOf = (type: string): Model => randomModel({ model_type: type, ...tinyConfigs[type] });

/** Probabilities of the next token, and the hidden state of every token. */
function look(model: Model, ids: number[], source?: number[]): { probabilities: number[]; states: number[][] } {
  const text = tensor([ids], { dtype: 'int64' });
  return scope(() =>
    inferenceMode(() => {
      const inputs = source
        ? { inputIds: tensor([source], { dtype: 'int64' }), decoderInputIds: text }
        : { inputIds: text };
      const { logits, lastHiddenState } = model.forward(inputs);
      const probabilities = logits!.select(1, -1).softmax(-1).toNumbers();
      return { probabilities, states: (lastHiddenState.toArray() as number[][][])[0] };
    }),
  );
}

const cosine = (a: number[], b: number[]): number => {
  const dot = (x: number[], y: number[]): number => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

function naive(model: Model, start: number[], alpha: number, k: number, count: number, source?: number[]): number[] {
  const ids = [...start];
  for (let step = 0; step < count; step++) {
    const { probabilities, states } = look(model, ids, source);
    const best = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, k);
    const scores = best.map(id => {
      const state = look(model, [...ids, id], source).states.at(-1)!;
      return (1 - alpha) * probabilities[id] - alpha * Math.max(...states.map(other => cosine(state, other)));
    });
    ids.push(best[scores.indexOf(Math.max(...scores))]);
  }
  return ids.slice(start.length);
}

function run(model: Model, inputIds: number[][], options: GenerationOptions): number[][] {
  const texts: number[][] = inputIds.map(() => []);
  for (const tokens of generate(model, inputIds, resolveGenerationConfig(options))) {
    for (const { row, id } of tokens) texts[row].push(id);
  }
  return texts;
}

const prompts = [[5, 9, 3], [7, 8, 9, 10, 11, 12], [4]];

describe('contrastive search', () => {
  it.each([
    'llama',
    'gpt2',
    'mistral',
    'bloom',
  ])('with %s chooses what the formula does, for each prompt of a batch', type => {
    using model = modelOf(type);
    for (const [penaltyAlpha, topK] of [
      [0.6, 4],
      [0.9, 7],
      [0.2, 2],
    ]) {
      const expected = prompts.map(prompt => naive(model, prompt, penaltyAlpha, topK, 8));
      expect(run(model, prompts, { penaltyAlpha, topK, maxNewTokens: 8 })).toEqual(expected);
      if (penaltyAlpha === 0.9) expect(expected).not.toEqual(run(model, prompts, { maxNewTokens: 8 }));
    }
  });

  it.each(['t5', 'bart'])('with %s compares the states of its decoder', type => {
    using model = modelOf(type);
    const start = type === 't5' ? 0 : 2;
    const expected = prompts.map(prompt => naive(model, [start], 0.6, 5, 8, prompt));
    expect(run(model, prompts, { penaltyAlpha: 0.6, topK: 5, maxNewTokens: 8 })).toEqual(expected);
  });

  it('leaves padding that is given out of the comparison', () => {
    using model = modelOf('llama');
    const config = resolveGenerationConfig({ penaltyAlpha: 0.9, topK: 5, maxNewTokens: 6, padTokenId: 0 });
    const { sequences } = generateSequences(model, { inputIds: [[0, 0, 0, 5, 9, 3], prompts[1]] }, config);
    expect(sequences.map(ids => ids.slice(6))).toEqual(
      run(model, prompts.slice(0, 2), { penaltyAlpha: 0.9, topK: 5, maxNewTokens: 6 }),
    );
  });

  it('goes on with the others when a text ends, and never takes what is forbidden', () => {
    using model = modelOf('llama');
    const options = { penaltyAlpha: 0.6, topK: 4, maxNewTokens: 8 };
    const free = run(model, prompts, options);
    const eosTokenId = free[0][2];
    const ended = run(model, prompts, { ...options, eosTokenId });
    for (const [row, ids] of ended.entries()) {
      const end = free[row].indexOf(eosTokenId);
      expect(ids).toEqual(end < 0 ? free[row] : free[row].slice(0, end + 1));
    }
    const all = Array.from({ length: 37 }, (_, id) => id);
    const allowed = run(model, prompts, { ...options, suppressTokens: all.filter(id => id !== 6 && id !== 9) });
    expect(new Set(allowed.flat()).size).toBeLessThanOrEqual(2);
    expect(allowed.flat().every(id => id === 6 || id === 9)).toBe(true);
  });

  it('reads no token past the context, and leaves nothing behind', () => {
    using model = modelOf('gpt2');
    const before = memoryStats().liveBytes;
    const stops: (string | undefined)[] = [];
    const config = resolveGenerationConfig({ penaltyAlpha: 0.6, topK: 3, maxNewTokens: 100 });
    let count = 0;
    for (const [{ stop }] of generate(model, [[5, 6, 7]], config)) {
      count++;
      if (stop) stops.push(stop);
    }
    expect([count, stops]).toEqual([29, ['context']]);
    expect(memoryStats().liveBytes).toBe(before);
  });

  it.each([
    [{ penaltyAlpha: 0.6, doSample: true }, /'penaltyAlpha' is 0.6, which does not go with 'doSample'/],
    [{ penaltyAlpha: 0.6, numBeams: 2 }, /'penaltyAlpha' is 0.6, which does not go with 'numBeams', 2/],
    [{ penaltyAlpha: 0.6, topK: 1 }, /'penaltyAlpha' is 0.6, which does not go with 'topK', 1/],
    [{ penaltyAlpha: 0.6, promptLookupNumTokens: 3 }, /'penaltyAlpha'.*'promptLookupNumTokens'/],
    [{ penaltyAlpha: 0.6, guidanceScale: 2 }, /'guidanceScale' is 2, which does not go with 'penaltyAlpha'/],
    [{ penaltyAlpha: 1.6 }, /penaltyAlpha/],
  ])('refuses %j', (options, message) => {
    expect(() => resolveGenerationConfig(options)).toThrow(message);
  });

  it('is a model’s own wish that other ways override', () => {
    const defaults = { penaltyAlpha: 0.6, topK: 4 };
    using model = modelOf('gpt2');
    const beams = resolveGenerationConfig({ numBeams: 2, maxNewTokens: 3 }, { defaults });
    const plain = resolveGenerationConfig({ numBeams: 2, maxNewTokens: 3 });
    const texts = [beams, plain].map(config => generateSequences(model, { inputIds: prompts }, config).sequences);
    expect(texts[0]).toEqual(texts[1]);
    expect(() => run(modelOf('xlnet'), prompts, { penaltyAlpha: 0.6 })).toThrow(
      /'penaltyAlpha' asks for hidden states/,
    );
  });
});
