import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/support/random.ts';
import { analogy } from '../../../src/vectors/analogy.ts';
import { evaluateAnalogies, readAnalogies } from '../../../src/vectors/evaluation/analogies.ts';
import { pearson, ranks, spearman } from '../../../src/vectors/evaluation/correlation.ts';
import { evaluateSimilarity, readSimilarity } from '../../../src/vectors/evaluation/similarity.ts';
import { WordVectors } from '../../../src/vectors/word-vectors.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('correlation', () => {
  it('gives ties the average of their ranks', () => {
    expect(ranks([10, 20, 10, 30, 20, 20])).toEqual([1.5, 4, 1.5, 6, 4, 4]);
  });

  it("is SciPy's", () => {
    // scipy.stats.spearmanr and pearsonr of these lists.
    const [x, y] = [
      [1, 2, 2, 4, 5],
      [5, 6, 7, 8, 7],
    ];
    expect(spearman(x, y)).toBeCloseTo(0.7631578947368421, 12);
    expect(pearson(x, y)).toBeCloseTo(0.7472647177570731, 12);
    expect(spearman([1, 2, 3], [3, 2, 1])).toBe(-1);
    expect(spearman([1, 1], [1, 2])).toBeNaN();
  });
});

const vectors = new WordVectors({
  words: ['man', 'king', 'woman', 'queen', 'child', 'Paris'],
  vectors: Float32Array.from(
    [
      [1, 0, 0],
      [1, 1, 0],
      [0, 0, 1],
      [0, 1, 1],
      [1, 0, 1],
      [-1, -1, -1],
    ].flat(),
  ),
  dimension: 3,
});

describe('analogies', () => {
  it('are answered by both methods, without the words that are given', () => {
    for (const method of ['add', 'mul'] as const) {
      const [first, ...rest] = analogy(vectors, ['man', 'king', 'woman'], { method });
      expect(first.word).toBe('queen');
      expect(rest.map(({ word }) => word)).toEqual(expect.not.arrayContaining(['man', 'king', 'woman']));
    }
    expect(() => analogy(vectors, ['man', 'knig', 'woman'])).toThrow(/no vector of 'knig'/);
  });

  it('are counted by section, unknown words left out', async () => {
    const path = file(
      'q.txt',
      ': royal\nman king woman queen\nMan KING woman child\nman king duke duchess\n: none\n\n',
    );
    const { sections, total } = evaluateAnalogies(vectors, await readAnalogies(path));
    expect(sections[0]).toEqual({
      name: 'royal',
      questions: 3,
      known: 2,
      correct: { add: 1, mul: 1 },
      accuracy: { add: 0.5, mul: 0.5 },
    });
    expect(sections[1].accuracy).toEqual({ add: null, mul: null });
    expect(total).toMatchObject({ questions: 3, known: 2 });
  });

  it('are answered in blocks as one by one', () => {
    const random = createRandom(4);
    const words = Array.from({ length: 9000 }, (_, i) => `w${i}`);
    const many = new WordVectors({
      words,
      vectors: Float32Array.from({ length: 9000 * 4 }, () => random.next() - 0.5),
      dimension: 4,
    });
    const triples = Array.from({ length: 20 }, () => [0, 0, 0].map(() => words[random.below(9000)]));
    for (const method of ['add', 'mul'] as const) {
      const questions = triples.map(([a, b, c]) => {
        const d = analogy(many, [a, b, c], { method, top: 1 })[0].word;
        return [a, b, c, d] as [string, string, string, string];
      });
      expect(evaluateAnalogies(many, [{ name: '', questions }]).total.correct[method]).toBe(20);
    }
  });

  it('in a file that is none are an error of one line', async () => {
    await expect(readAnalogies(file('bad.txt', 'a b c d\na b c\n'))).rejects.toThrow(/bad\.txt: line 2: four words/);
  });
});

describe('similarity', () => {
  it('reads tabs, commas and spaces, and a first line of names', async () => {
    const pairs = [{ a: 'man', b: 'king', human: 7.5 }];
    for (const text of ['man\tking\t7.5\n', 'Word 1,Word 2,Human\nman,king,7.5\n', 'man king 7.5']) {
      expect(await readSimilarity(file('s.txt', text))).toEqual(pairs);
    }
    await expect(readSimilarity(file('s.txt', 'a b 1\na b c\n'))).rejects.toThrow(/line 2: two words and a number/);
  });

  it('is correlated over the pairs that are known', () => {
    const pairs = [
      { a: 'man', b: 'king', human: 9 },
      { a: 'man', b: 'PARIS', human: 1 },
      { a: 'woman', b: 'child', human: 9.5 },
      { a: 'man', b: 'xyzzy', human: 5 },
      { a: 'man', b: 'woman', human: 2 },
    ];
    // Of PARIS neither that nor paris is listed. Cosines 0.707, 0.707, 0: ranks 2.5, 2.5, 1 beside 2, 3, 1.
    const result = evaluateSimilarity(vectors, pairs);
    expect(result).toMatchObject({ pairs: 5, known: 3 });
    expect(result.spearman).toBeCloseTo(Math.sqrt(3) / 2, 12);
  });

  it('says that nothing is known', () => {
    expect(evaluateSimilarity(vectors, [{ a: 'x', b: 'y', human: 1 }])).toEqual({
      pairs: 1,
      known: 0,
      spearman: null,
      pearson: null,
    });
  });
});
