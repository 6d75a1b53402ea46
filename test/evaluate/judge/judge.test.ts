/** Strengths from games, and judges that look at the answers, at their place, or at nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeAnswers } from '../../../src/evaluate/judge/judge-answers.ts';
import { readColumn, requireSamePrompts } from '../../../src/evaluate/judge/read-answers.ts';
import { verdictsOf } from '../../../src/evaluate/judge/verdicts.ts';
import type { EvaluatedModel } from '../../../src/evaluate/models/evaluated-model.ts';
import { bradleyTerry } from '../../../src/evaluate/statistics/bradley-terry.ts';
import { errorOf } from '../../data/helpers.ts';
import { scratchFolder } from '../../support/scratch.ts';

/** A judge with an opinion of an answer; `place` is what being shown first is worth. */
const judging = (worth: (answer: string) => number, place = 0): EvaluatedModel => {
  const answersIn = (context: string): string[] =>
    ['A', 'B'].map(letter => context.split(`[Answer ${letter}]\n`)[1].split('\n\n')[0]);
  return {
    name: 'judge',
    scoring: 'causal',
    loglikelihood: async requests =>
      requests.map(({ context, continuation }) => {
        const [a, b] = answersIn(context).map(worth);
        return { logProb: continuation === ' A' ? a + place : b, isGreedy: false, tokens: 1 };
      }),
    loglikelihoodRolling: async () => [],
    generateUntil: async requests =>
      requests.map(({ context }) => {
        const [a, b] = answersIn(context).map(worth);
        return a === b ? 'Neither. [[tie]]' : `Not [[B]] at first. So [[${a > b ? 'A' : 'B'}]]`;
      }),
    [Symbol.dispose]() {},
  };
};
const prompts = Array.from({ length: 12 }, (_, i) => `prompt ${i}`);
const how = { by: 'likelihood', criterion: '', chat: false, replicates: 50 } as const;
const long = (answer: string): number => answer.length;

describe('Bradley–Terry', () => {
  it('gives two players the odds of their games', () => {
    const games = Array.from({ length: 12 }, (_, i) => ({ first: 0, second: 1, score: Number(i < 9) }));
    const [a, b] = bradleyTerry(2, games, { prior: 0 });
    expect(Math.exp(a - b)).toBeCloseTo(3, 8);
    expect(a + b).toBeCloseTo(0, 12);
  });

  it('expects of each player the wins that it has', () => {
    const games = [0, 0.5, 1, 1, 0, 1, 0.5, 1, 1].map((score, i) => ({ first: i % 3, second: (i + 1) % 3, score }));
    const strengths = bradleyTerry(3, games, { prior: 0 });
    for (const player of [0, 1, 2]) {
      let [won, expected] = [0, 0];
      for (const { first, second, score } of games) {
        const p = 1 / (1 + Math.exp(strengths[second] - strengths[first]));
        if (first === player) [won, expected] = [won + score, expected + p];
        if (second === player) [won, expected] = [won + 1 - score, expected + 1 - p];
      }
      expect(expected).toBeCloseTo(won, 6);
    }
  });

  it('keeps who always wins finite, and refuses players that never met', () => {
    const [a] = bradleyTerry(2, [{ first: 0, second: 1, score: 1 }]);
    expect(Number.isFinite(a)).toBe(true);
    expect(() => bradleyTerry(3, [{ first: 0, second: 1, score: 1 }])).toThrow(/player 2/);
  });
});

describe('judging', () => {
  const contestants = [
    { name: 'short', answers: prompts.map(() => 'ab') },
    { name: 'long', answers: prompts.map((_, i) => (i < 10 ? 'abcd' : 'a')) },
    { name: 'middle', answers: prompts.map(() => 'abc') },
  ];

  it('finds the better one whichever is shown first', async () => {
    const { standings, pairs, consistent } = await judgeAnswers(judging(long), prompts, contestants, how);
    expect(standings.map(({ name }) => name)).toEqual(['long', 'middle', 'short']);
    expect(consistent.share).toBe(1);
    const pair = pairs.find(({ a, b }) => a === 'short' && b === 'long')!;
    expect(pair).toMatchObject({ wins: 2, losses: 10, ties: 0 });
    // The second smallest of three: twice its own.
    expect(pair.p).toBeCloseTo(2 * 2 * ((1 + 12 + 66) / 4096), 10);
    for (const { strength, interval } of standings) {
      expect(interval[0]).toBeLessThanOrEqual(strength + 1e-9);
      expect(interval[1]).toBeGreaterThanOrEqual(strength - 1e-9);
    }
  });

  it('decides nothing for a judge that looks at the place alone', async () => {
    const result = await judgeAnswers(
      judging(() => 0, 1),
      prompts,
      contestants,
      how,
    );
    expect(result.firstChosen.share).toBe(1);
    expect(result.consistent.share).toBe(0);
    expect(result.standings.every(({ strength }) => Math.abs(strength) < 1e-9)).toBe(true);
    expect(result.pairs.every(({ ties, p }) => ties === prompts.length && p === 1)).toBe(true);
  });

  it('reads the last verdict of what a judge writes, and names a pair without one', async () => {
    const pairings = [
      { prompt: 'p', first: 'ab', second: 'a' },
      { prompt: 'p', first: 'a', second: 'b' },
    ];
    const asked = { ...how, by: 'text' } as const;
    expect(await verdictsOf(judging(long), pairings, asked)).toEqual(['first', 'tie']);
    const silent = { ...judging(long), generateUntil: async () => ['[[A]]', 'Well.'] };
    const error = await errorOf(() => verdictsOf(silent, pairings, asked));
    expect(error.code).toBe('TSLM_NO_VERDICT');
    expect(error.message).toContain('pair 2');
  });
});

describe('answers in files', () => {
  const folder = scratchFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('need the column and the same prompts, or are named by row', async () => {
    const good = file('good.jsonl', '{"prompt": "a", "answer": "1"}\n{"prompt": "b", "answer": "2"}\n');
    expect(readColumn(good, 'answer')).toEqual(['1', '2']);
    const bad = file('bad.jsonl', '{"prompt": "a", "answer": "1"}\n{"prompt": "b", "answer": 2}\n');
    expect((await errorOf(() => readColumn(bad, 'answer'))).message).toContain(
      "bad.jsonl, row 2: there is no text 'answer'",
    );
    const other = await errorOf(() => requireSamePrompts('x', ['a', 'c'], ['a', 'b']));
    expect(other.message).toContain('row 2');
    expect((await errorOf(() => requireSamePrompts('x', ['a'], ['a', 'b']))).message).toContain('row 2');
  });
});
