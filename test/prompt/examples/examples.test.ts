/** Which examples stand before a question. */
import { describe, expect, it } from 'vitest';
import { scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { bm25, termsOf } from '../../../src/prompt/examples/bm25.ts';
import { calibratedChoice } from '../../../src/prompt/examples/calibration.ts';
import { kMeans } from '../../../src/prompt/examples/k-means.ts';
import { maximalMarginalRelevance } from '../../../src/prompt/examples/mmr.ts';
import { examplesSchema } from '../../../src/prompt/examples/options.ts';
import { readWorkedExamples } from '../../../src/prompt/examples/read-examples.ts';
import { createSelector } from '../../../src/prompt/examples/select.ts';
import { openPrompt } from '../../../src/prompt/open-prompt.ts';
import { mathFile } from '../problems.ts';

const pool = [
  { question: 'How many cats sit on the mat?', target: 1 },
  { question: 'How many cats sit on the red mat?', target: 2 },
  { question: 'What does a train ticket cost?', target: 1 },
  { question: 'When does the train leave?', target: 2 },
  { question: 'How tall is the tower?', target: 1 },
];

const select = (options: object, question: string, settings = {}) =>
  createSelector(pool, examplesSchema.parse(options), { prompt: mathFile().prompt, ...settings })({ question }).then(
    chosen => chosen.map(row => pool.indexOf(row as (typeof pool)[0])),
  );

describe('selection', () => {
  it('fixed: the first ones, and all of them where no number is given', async () => {
    expect(await select({ count: 2 }, 'Why?')).toEqual([0, 1]);
    expect(await select({}, 'Why?')).toEqual([0, 1, 2, 3, 4]);
  });

  it.each(['fixed', 'random', 'nearest', 'mmr', 'balanced'])('%s: zero is none', async kind => {
    expect(await select({ select: kind, count: 0 }, 'Why?')).toEqual([]);
    expect(await select({ select: kind, budget: 0 }, 'Why?')).toEqual([]);
    const file = mathFile({ examples: { rows: pool, select: kind, count: 0 } });
    await using open = await openPrompt(
      file,
      scriptedCompleter(() => ''),
    );
    expect((await open.problem({ question: 'Why?' })).prompt).toBe('Q: Why?\nA:');
  });

  it('random: by the seed', async () => {
    const drawn = await select({ select: 'random', count: 3, seed: 1 }, 'Why?');
    expect(await select({ select: 'random', count: 3, seed: 1 }, 'Why?')).toEqual(drawn);
    expect(await select({ select: 'random', count: 3, seed: 2 }, 'Why?')).not.toEqual(drawn);
  });

  it('nearest: the most alike last, and never the question itself', async () => {
    expect(await select({ select: 'nearest', count: 2 }, 'Does the train leave now?')).toEqual([2, 3]);
    expect(await select({ select: 'nearest', count: 1 }, pool[3].question)).toEqual([2]);
  });

  it('nearest by embeddings', async () => {
    const embed = (text: string) => Float32Array.of(Number(text.includes('tower')), 0.1);
    const completer = scriptedCompleter(() => '', { embed });
    expect(await select({ select: 'nearest', by: 'embeddings', count: 1 }, 'A tower?', { completer })).toEqual([4]);
    await expect(select({ select: 'nearest', by: 'embeddings' }, 'A?')).rejects.toThrow('makes no vectors');
  });

  it('mmr: alike, and not the same twice', async () => {
    expect(await select({ select: 'mmr', count: 2, lambda: 1 }, 'Which cats sit on a mat by the train?')).toEqual([
      1, 0,
    ]);
    expect(await select({ select: 'mmr', count: 2, lambda: 0.4 }, 'Which cats sit on a mat by the train?')).not.toEqual(
      [1, 0],
    );
  });

  it('balanced: of each label as many', async () => {
    const chosen = await select({ select: 'balanced', count: 4 }, 'Why?');
    expect(chosen.map(i => pool[i].target).sort()).toEqual([1, 1, 2, 2]);
  });

  it('keeps within a budget of tokens', async () => {
    const completer = scriptedCompleter(() => '');
    const tokens = (await completer.countTokens!(`Q: ${pool[0].question}\nA: The answer is 1.\n\n`)) as number;
    expect(await select({ budget: 2 * tokens }, 'Why?', { completer })).toEqual([0]);
    expect(await select({ budget: 2 * tokens + 1 }, 'Why?', { completer })).toEqual([0, 1]);
    expect(await select({ budget: tokens - 1 }, 'Why?', { completer })).toEqual([]);
  });
});

it('BM25 is as its formula says', () => {
  const [first, second] = bm25(['a b', 'a a a c']).search('a');
  // idf ln(1 + 0.5 / 2.5), lengths 2 and 4 about 3.
  const idf = Math.log(1 + 0.5 / 2.5);
  expect(first).toEqual({ index: 1, score: expect.closeTo((idf * 3 * 2.2) / (3 + 1.2 * (0.25 + 0.75 * (4 / 3))), 10) });
  expect(second.score).toBeCloseTo((idf * 2.2) / (1 + 1.2 * (0.25 + 0.75 * (2 / 3))), 10);
  expect(termsOf('GPT-2 读书。')).toEqual(['gpt', '2', '读', '书']);
});

it('MMR is as its formula says', () => {
  // The second is nearly the first; the third is something else that is relevant, too.
  const found = maximalMarginalRelevance(
    [1, 0],
    [
      [1, 0],
      [0.99, 0.14],
      [0.6, 0.8],
    ],
    { count: 2, lambda: 0.3 },
  );
  expect(found).toEqual([0, 2]);
});

it('k-means finds what belongs together, nearest to the centre first', () => {
  const clusters = kMeans([[0], [0.1], [0.4], [10], [10.2]], 2, { seed: 3 });
  expect(clusters).toEqual([
    [1, 0, 2],
    [3, 4],
  ]);
  expect(kMeans([[1], [1], [1]], 3)).toEqual([[0, 1, 2]]);
});

it('calibration divides by what is preferred anyway', async () => {
  const scorer = {
    score: async (prompt: unknown, choices: readonly string[]) =>
      choices.map((_, i) => ({ logProb: Math.log((prompt === 'N/A' ? [0.6, 0.4] : [0.54, 0.46])[i]), tokens: 1 })),
  };
  const { raw, calibrated } = await calibratedChoice(scorer, 'text', ['N/A'], ['a', 'b']);
  expect(raw[0]).toBeCloseTo(0.54);
  // 0.54 / 0.6 = 0.9 to 0.46 / 0.4 = 1.15
  expect(calibrated[0]).toBeCloseTo(0.9 / 2.05);
});

it('worked examples without an answer are named', () => {
  expect(() => readWorkedExamples('Do it.\n\nQ: one\nA: 1\n\nQ: two', 'a.txt')).toThrow('a.txt: example 2');
});
