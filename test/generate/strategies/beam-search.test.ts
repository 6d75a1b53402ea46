/** Beam search on its own: against exhaustive search, against simple searches written out, and at its edges. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../../src/generate/config/generation-options.ts';
import { generate } from '../../../src/generate/generate.ts';
import { generateSequences } from '../../../src/generate/sequences.ts';
import { beamSearch } from '../../../src/generate/strategies/beam-search.ts';
import type { Hypothesis } from '../../../src/generate/strategies/beams.ts';
import { createModel } from '../../../src/models/auto.ts';
import { inferenceMode, memoryStats, noGrad, scope, tensor } from '../../../src/torch/index.ts';
import { scriptedLogProbs, scriptedSession } from '../scripted.ts';

const VOCAB = 5;
const EOS = 4;

function search(prompts: number[][], options: GenerationOptions, context = 1000): Hypothesis[][] {
  const start = {
    prompts: prompts.map(ids => ({ ids, padding: 0 })),
    session: scriptedSession(VOCAB),
    context,
    [Symbol.dispose]() {},
  };
  const steps = beamSearch(start, resolveGenerationConfig(options));
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

interface Scored {
  ids: number[];
  score: number;
}

/** Every text that ends with EOS or has `length` tokens, best first. */
function exhaustive(logProbs: (ids: number[]) => ArrayLike<number>, prompt: number[], length: number, penalty: number) {
  const found: Scored[] = [];
  const visit = (ids: number[], sum: number): void => {
    const generated = ids.length - prompt.length;
    if (generated === length || (generated > 0 && ids.at(-1) === EOS)) {
      found.push({ ids, score: sum / generated ** penalty });
      return;
    }
    const next = logProbs(ids);
    for (let id = 0; id < VOCAB; id++) visit([...ids, id], sum + next[id]);
  };
  visit(prompt, 0);
  return found.sort((a, b) => b.score - a.score);
}

function expectSame(actual: readonly Scored[], expected: readonly Scored[]): void {
  expect(actual.map(({ ids }) => ids)).toEqual(expected.map(({ ids }) => ids));
  for (const [i, { score }] of actual.entries()) expect(Math.abs(score - expected[i].score)).toBeLessThan(1e-4);
}

// As many beams as there are texts: nothing is ever dropped.
const wide = { numBeams: 4 ** 3 * 5, maxNewTokens: 4, eosTokenId: EOS };

describe('with as many beams as texts', () => {
  const kinds = [-1, 0, 0.7, 1, 2].flatMap(lengthPenalty =>
    ([true, false, 'never'] as const).map(earlyStopping => [lengthPenalty, earlyStopping] as const),
  );

  it.each(
    kinds,
  )('finds the best of all texts (length penalty %d, early stopping %s)', (lengthPenalty, earlyStopping) => {
    for (const prompt of [[0], [1, 2, 3], [3, 3]]) {
      const expected = exhaustive(ids => scriptedLogProbs(ids, VOCAB), prompt, 4, lengthPenalty);
      for (const numReturnSequences of [1, 3, 12]) {
        const [found] = search([prompt], { ...wide, lengthPenalty, earlyStopping, numReturnSequences });
        expectSame(found, expected.slice(0, numReturnSequences));
      }
    }
  });

  it.each([
    ['gpt2', 5, 1, false],
    ['gpt2', 6, -1, true],
    ['llama', 7, 2, 'never'],
    ['qwen3', 8, 0, false],
  ] as const)('does so with a random %s (seed %d), its cache following the beams', (family, seed, lengthPenalty, earlyStopping) => {
    const sizes = { layers: 2, hidden: 16, heads: 2, context: 12, vocabSize: VOCAB };
    using model = createModel(family, sizes, { seed });
    noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(25))));
    const logProbs = (ids: number[]): number[] =>
      scope(() =>
        inferenceMode(() =>
          model
            .forward({ inputIds: tensor([ids], { dtype: 'int64' }) })
            .logits!.select(1, -1)
            .logSoftmax(-1)
            .toNumbers(),
        ),
      ) as number[];
    const options = { ...wide, lengthPenalty, earlyStopping, numReturnSequences: 6, padTokenId: 0 };
    const config = resolveGenerationConfig(options);
    const prompts = [
      [1, 2, 3],
      [2, 3, 1],
    ];
    const { sequences, sequencesScores } = generateSequences(model, { inputIds: prompts }, config);
    const expected = prompts.flatMap(prompt => exhaustive(logProbs, prompt, 4, lengthPenalty).slice(0, 6));
    // Short ones are filled with the end-of-sequence token where the pad token is 0.
    const longest = Math.max(...expected.map(({ ids }) => ids.length));
    expect(sequences).toEqual(expected.map(({ ids }) => [...ids, EOS, EOS, EOS].slice(0, longest)));
    for (const [i, { score }] of expected.entries()) expect(Math.abs(sequencesScores![i] - score)).toBeLessThan(1e-4);
  });
});

describe('with few beams', () => {
  it('in groups of one beam is greedy searches that avoid the tokens of those before them', () => {
    const [found] = search([[2]], {
      numBeams: 3,
      numBeamGroups: 3,
      diversityPenalty: 0.4,
      maxNewTokens: 6,
      numReturnSequences: 3,
    });
    const texts = [0, 1, 2].map((): Scored => ({ ids: [2], score: 0 }));
    for (let step = 0; step < 6; step++) {
      const chosen: number[] = [];
      for (const text of texts) {
        const scores = scriptedLogProbs(text.ids, VOCAB).map(
          (x, id) => x - 0.4 * chosen.filter(other => other === id).length,
        );
        const best = scores.indexOf(Math.max(...scores));
        text.ids = [...text.ids, best];
        text.score += scores[best];
        chosen.push(best);
      }
    }
    const expected = texts.map(({ ids, score }) => ({ ids, score: score / 6 })).sort((a, b) => b.score - a.score);
    expectSame(found, expected);
    expect(new Set(expected.map(({ ids }) => ids.join())).size).toBe(3);
  });

  it('gives each prompt of a batch what it gets alone, whenever the others end', () => {
    const prompts = [[0], [1, 2], [3, 1, 0, 2], [2, 2]];
    for (const earlyStopping of [true, false, 'never'] as const) {
      const options = { numBeams: 3, numReturnSequences: 3, maxNewTokens: 9, eosTokenId: EOS, earlyStopping };
      const together = search(prompts, options);
      expect(together).toEqual(prompts.map(prompt => search([prompt], options)[0]));
      expect(new Set(together.map(([{ ids }], i) => ids.length - prompts[i].length)).size).toBeGreaterThan(1);
    }
  });

  it('ends early with as many finished texts as beams, and searches on for better ones otherwise', () => {
    const options = { numBeams: 2, maxNewTokens: 12, eosTokenId: [EOS, 3], numReturnSequences: 2, lengthPenalty: 3 };
    let better = 0;
    for (let first = 0; first < 3; first++) {
      const [early] = search([[first]], { ...options, earlyStopping: true });
      const [late] = search([[first]], { ...options, earlyStopping: 'never' });
      expect(early.map(({ stop }) => stop)).toEqual(['eos', 'eos']);
      expect(late[0].score).toBeGreaterThanOrEqual(early[0].score);
      if (late[0].score > early[0].score) better++;
    }
    expect(better).toBeGreaterThan(0);
  });

  it('reports each token’s log-probability', () => {
    const [[{ ids, logProbs, score }]] = search([[1, 2]], { numBeams: 3, maxNewTokens: 5, lengthPenalty: 0 });
    expect(logProbs).toHaveLength(5);
    for (const [i, p] of logProbs.entries()) {
      expect(p).toBeCloseTo(scriptedLogProbs(ids.slice(0, 2 + i), VOCAB)[ids[2 + i]], 5);
    }
    expect(score).toBeCloseTo(
      logProbs.reduce((sum, p) => sum + p, 0),
      5,
    );
  });

  it('ends where the context does', () => {
    const [[{ ids, stop }]] = search([[1, 2]], { numBeams: 3, maxNewTokens: 50 }, 6);
    expect([ids.length, stop]).toEqual([7, 'context']);
  });

  it('says that the options allow nothing', () => {
    const suppressTokens = [0, 1, 2, 3, 4];
    expect(() => search([[1]], { numBeams: 2, maxNewTokens: 3, suppressTokens })).toThrow(
      expect.objectContaining({ code: 'TSLM_NO_ALLOWED_TOKEN' }),
    );
  });
});

describe('beam sampling', () => {
  const options = { numBeams: 3, doSample: true, topK: 0, maxNewTokens: 6, numReturnSequences: 3 };

  it('follows from the seed', () => {
    const texts = (seed: number): string => JSON.stringify(search([[1], [1]], { ...options, seed }));
    expect(texts(1)).toBe(texts(1));
    expect(new Set([1, 2, 3, 4].map(texts)).size).toBeGreaterThan(2);
  });

  it('keeps so many tokens that every beam can go on', () => {
    // Of one token alone the three beams would be one.
    const found = [1, 2, 3].map(seed => search([[1]], { ...options, topK: 1, seed })[0]);
    for (const texts of found) {
      expect(new Set(texts.map(({ ids }) => ids.join())).size).toBe(3);
      for (const { score } of texts) expect(score).toBeGreaterThan(-100);
    }
  });
});

describe('through generate', () => {
  const sizes = { layers: 1, hidden: 16, heads: 2, context: 24, vocabSize: 30 };
  const model = createModel('gpt2', sizes, { seed: 1 });
  noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(20))));
  const config = resolveGenerationConfig({ numBeams: 3, numReturnSequences: 2, maxNewTokens: 6 });
  const prompts = [[1, 2, 3], [4], [5, 6]];

  it('gives the tokens of every text at the end, with its score on the last', () => {
    const rows = new Map<number, { ids: number[]; score?: number; stop?: string }>();
    let silent = 0;
    for (const tokens of generate(model, prompts, config)) {
      if (tokens.length === 0) silent++;
      for (const { row, id, score, stop } of tokens) {
        const text = rows.get(row) ?? { ids: [] };
        text.ids.push(id);
        rows.set(row, { ...text, score, stop });
      }
    }
    expect(silent).toBe(5);
    expect([...rows.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    for (const [row, { ids, score, stop }] of rows) {
      expect([ids.length, stop]).toEqual([6, 'maxLength']);
      expect(score).toBeLessThanOrEqual(row % 2 === 0 ? 0 : rows.get(row - 1)!.score!);
      const alone = generateSequences(model, { inputIds: [prompts[row >> 1]] }, config);
      expect([...prompts[row >> 1], ...ids]).toEqual(alone.sequences[row % 2]);
    }
  });

  it('frees everything at the end and when it is left early', () => {
    const before = memoryStats();
    for (const _ of generate(model, prompts, config));
    for (const _ of generate(model, prompts, config)) break;
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });
});
