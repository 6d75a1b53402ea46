import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import { generate } from '../../src/generate/generate.ts';
import type { GenerateOptions } from '../../src/generate/generate-options.ts';
import type { GeneratedToken } from '../../src/generate/generated-token.ts';
import { createModel } from '../../src/models/auto.ts';
import { createRandom } from '../../src/support/random.ts';
import { inferenceMode, memoryStats, noGrad, scope, tensor } from '../../src/torch/index.ts';

const sizes = { layers: 2, hidden: 16, heads: 2, context: 24, vocabSize: 30 };
const model = createModel('gpt2', sizes, { seed: 1 });
// Weights wide enough that the next token depends on what came before.
noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(20))));

const random = createRandom(4);
const prompt = (length: number): number[] => Array.from({ length }, () => random.below(30));

interface Output {
  ids: number[];
  stop: GeneratedToken['stop'];
  logProbs: (number | undefined)[];
}

function run(prompts: ArrayLike<number>[], options: GenerationOptions = {}, more: GenerateOptions = {}): Output[] {
  const rows = prompts.map((): Output => ({ ids: [], stop: undefined, logProbs: [] }));
  for (const tokens of generate(model, prompts, resolveGenerationConfig(options), more)) {
    for (const { row, id, stop, logProb } of tokens) {
      expect(rows[row].stop, 'a row goes on after its end').toBeUndefined();
      rows[row].ids.push(id);
      rows[row].logProbs.push(logProb);
      rows[row].stop = stop;
    }
  }
  return rows;
}

/** The most probable token after each position, from whole forward passes without a cache. */
function greedyWithoutCache(start: number[], count: number): number[] {
  const ids = [...start];
  for (let i = 0; i < count; i++) {
    const input = tensor([ids], { dtype: 'int64' });
    ids.push(
      scope(() => inferenceMode(() => model.forward({ inputIds: input }).logits!.select(1, -1).argmax().item())),
    );
  }
  return ids.slice(start.length);
}

describe('greedy generation', () => {
  it('takes what whole forward passes find most probable', () => {
    const start = prompt(5);
    const [{ ids, stop }] = run([start], { maxNewTokens: 12 });
    expect(ids).toEqual(greedyWithoutCache(start, 12));
    expect(new Set(ids).size).toBeGreaterThan(1);
    expect(stop).toBe('maxLength');
  });

  it('gives each prompt of a batch what it gets alone, whatever their lengths', () => {
    const prompts = [3, 9, 1, 6, 9].map(prompt);
    const alone = prompts.map(one => run([one], { maxNewTokens: 10 }, { logProbs: true })[0]);
    const together = run(prompts, { maxNewTokens: 10 }, { logProbs: true });
    for (const [row, { ids, logProbs }] of together.entries()) {
      expect(ids).toEqual(alone[row].ids);
      for (const [i, p] of logProbs.entries()) expect(Math.abs(p! - alone[row].logProbs[i]!)).toBeLessThan(1e-3);
    }
  });

  it('goes on with the others when rows end at different times', () => {
    const prompts = [4, 2, 7, 5].map(prompt);
    const free = run(prompts, { maxNewTokens: 15 });
    // An end token that comes at different places.
    const eos = free[0].ids[3];
    const ended = run(prompts, { maxNewTokens: 15, eosTokenId: eos });
    for (const [row, { ids, stop }] of ended.entries()) {
      const end = free[row].ids.indexOf(eos);
      expect(ids).toEqual(end < 0 ? free[row].ids : free[row].ids.slice(0, end + 1));
      expect(stop).toBe(end < 0 ? 'maxLength' : 'eos');
    }
    expect(new Set(ended.map(({ ids }) => ids.length)).size).toBeGreaterThan(1);
  });

  it('fills the context to its end, for each row of a batch by itself', () => {
    const [long, short] = [prompt(20), prompt(3)];
    const options = { maxNewTokens: 100 };
    const [a, b] = run([long, short], options);
    expect([a.stop, b.stop]).toEqual(['context', 'context']);
    expect([a.ids.length, b.ids.length]).toEqual([24 - 20 + 1, 24 - 3 + 1]);
    expect(a.ids).toEqual(run([long], options)[0].ids);
    expect(b.ids).toEqual(run([short], options)[0].ids);
  });

  it('counts maxLength with the prompt', () => {
    const [a, b] = run([prompt(10), prompt(4)], { maxLength: 12 });
    expect([a.ids.length, b.ids.length]).toEqual([2, 8]);
    expect([a.stop, b.stop]).toEqual(['maxLength', 'maxLength']);
  });

  it('reports the logarithm of the probability after the processors', () => {
    const start = prompt(5);
    const [{ ids, logProbs }] = run([start], { maxNewTokens: 4 }, { logProbs: true });
    const input = tensor([[...start, ...ids]], { dtype: 'int64' });
    const expected = inferenceMode(() =>
      model.forward({ inputIds: input }).logits!.logSoftmax(-1).select(0, 0).toArray(),
    ) as number[][];
    for (const [i, id] of ids.entries()) {
      expect(Math.abs(logProbs[i]! - expected[start.length - 1 + i][id])).toBeLessThan(1e-4);
    }
    expect(run([start], { maxNewTokens: 1 })[0].logProbs).toEqual([undefined]);
  });

  it('obeys its processors', () => {
    const start = prompt(5);
    const [{ ids: free }] = run([start], { maxNewTokens: 8 });
    const [{ ids }] = run([start], { maxNewTokens: 8, suppressTokens: [free[0]] });
    expect(ids).not.toContain(free[0]);
    const allowed = run([start], { maxNewTokens: 8 }, { prefixAllowedTokens: text => [text.length % 30] });
    expect(allowed[0].ids).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('ends where the caller says', () => {
    const [a, b] = run(
      [prompt(3), prompt(4)],
      { maxNewTokens: 9 },
      {
        stopAfter: (row, _id) => (row === 1 ? 'stopString' : undefined),
      },
    );
    expect([a.ids.length, b.ids.length, b.stop]).toEqual([9, 1, 'stopString']);
  });
});

describe('sampling', () => {
  const options = { doSample: true, maxNewTokens: 12, topK: 0, temperature: 2 };

  it('follows from the seed', () => {
    const start = prompt(4);
    const [a] = run([start], { ...options, seed: 1 });
    expect(run([start], { ...options, seed: 1 })[0]).toEqual(a);
    expect(run([start], { ...options, seed: 2 })[0].ids).not.toEqual(a.ids);
  });

  it('draws differently for each row of the same prompt', () => {
    const start = prompt(4);
    const rows = run([start, start, start], options).map(({ ids }) => ids.join());
    expect(new Set(rows).size).toBe(3);
  });

  it('draws with the model’s probabilities', () => {
    const start = prompt(4);
    const input = tensor([start], { dtype: 'int64' });
    const expected = inferenceMode(() =>
      model.forward({ inputIds: input }).logits!.select(1, -1).softmax(-1).toNumbers(),
    );
    const counts = new Array<number>(30).fill(0);
    const n = 3000;
    for (const { ids } of run(new Array<number[]>(n).fill(start), { doSample: true, topK: 0, maxNewTokens: 1 }))
      counts[ids[0]]++;
    for (const [id, p] of expected.entries()) {
      expect(Math.abs(counts[id] / n - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / n) + 1e-3);
    }
  });
});

describe('prompts that cannot be', () => {
  it.each([
    ['empty', [[]], {}, 'TSLM_EMPTY_PROMPT', /^the prompt has no tokens/],
    ['empty among others', [[1], []], {}, 'TSLM_EMPTY_PROMPT', /^prompt 2 has no tokens/],
    ['as long as the context', [prompt(24)], {}, 'TSLM_PROMPT_TOO_LONG', /has 24 tokens, the model's context holds 24/],
    ['longer than the context', [[1], prompt(99)], {}, 'TSLM_PROMPT_TOO_LONG', /^prompt 2 has 99 tokens/],
    [
      'of another tokenizer',
      [[1], [2, 30]],
      {},
      'TSLM_BAD_INPUT',
      /^prompt 2 holds token 30, and .* vocabulary has 30/,
    ],
    ['as long as maxLength', [prompt(9)], { maxLength: 9 }, 'TSLM_PROMPT_TOO_LONG', /9 tokens, maxLength allows 9/],
  ])('%s', (_, prompts, options, code, message) => {
    expect(() => run(prompts, options)).toThrow(
      expect.objectContaining({ name: 'UserError', code, exitCode: 2, message: expect.stringMatching(message) }),
    );
  });

  it('no prompts at all give no tokens', () => {
    expect(run([])).toEqual([]);
  });
});

describe('memory', () => {
  it('is freed at the end, on leaving early, and after an error', () => {
    const before = memoryStats();
    const config = resolveGenerationConfig({ maxNewTokens: 10 });
    run([prompt(3), prompt(5)], { maxNewTokens: 10 });
    for (const _ of generate(model, [prompt(3)], config)) break;
    const abandoned = generate(model, [prompt(3)], config);
    abandoned.next();
    expect(memoryStats().liveBytes).toBeGreaterThan(before.liveBytes);
    abandoned.return();
    expect(() =>
      run(
        [prompt(3)],
        {},
        {
          prefixAllowedTokens: () => {
            throw new Error('stop');
          },
        },
      ),
    ).toThrow('stop');
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });

  it('is flat while tokens come', () => {
    const seen = new Set<string>();
    for (const _ of generate(model, [prompt(2), prompt(4)], resolveGenerationConfig({ maxNewTokens: 15 }))) {
      const { liveBytes, tensors } = memoryStats();
      seen.add(`${liveBytes} ${tensors}`);
    }
    expect(seen.size).toBe(1);
  });
});
