import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/support/random.ts';
import { createHuffmanTree } from '../../../src/vectors/training/huffman.ts';
import { createNoise, drawNoise } from '../../../src/vectors/training/noise.ts';
import { keepProbabilities } from '../../../src/vectors/training/subsampling.ts';

describe('subsampling', () => {
  it('keeps words by the rule of word2vec', () => {
    // f = 0.9 and 0.1, t = 0.05: √(t/f) + t/f.
    const [frequent, rare] = keepProbabilities([90, 10], 0.05);
    expect(frequent).toBeCloseTo(Math.sqrt(0.05 / 0.9) + 0.05 / 0.9, 12);
    expect(rare).toBe(1);
  });

  it('keeps everything without a threshold', () => {
    expect([...keepProbabilities([90, 10], 0)]).toEqual([1, 1]);
  });
});

describe('noise', () => {
  it('has the probabilities of counts to the power of 3/4, exactly', () => {
    const counts = [1000, 200, 50, 50, 7, 1];
    const weights = counts.map(count => count ** 0.75);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const { own, alias } = createNoise(counts);
    const shares = counts.map((_, word) => {
      let share = own[word];
      for (const [column, other] of alias.entries()) if (other === word && column !== word) share += 1 - own[column];
      return share / counts.length;
    });
    for (const [word, share] of shares.entries()) expect(share).toBeCloseTo(weights[word] / total, 12);
  });

  it('is drawn with them', () => {
    const noise = createNoise([81, 16, 1]); // to the power of 3/4: 27, 8, 1
    const random = createRandom(5);
    const drawn = [0, 0, 0];
    for (let i = 0; i < 36_000; i++) drawn[drawNoise(noise, random)]++;
    expect(Math.abs(drawn[0] - 27_000)).toBeLessThan(400);
    expect(Math.abs(drawn[1] - 8_000)).toBeLessThan(350);
    expect(Math.abs(drawn[2] - 1_000)).toBeLessThan(150);
  });
});

describe('the Huffman tree', () => {
  const lengths = (counts: number[]): number[] => {
    const { starts } = createHuffmanTree(counts);
    return counts.map((_, word) => starts[word + 1] - starts[word]);
  };

  it('gives words the lengths of their codes', () => {
    // The example of Cormen et al., "Introduction to Algorithms": a, c, b, d, f, e.
    expect(lengths([45, 16, 13, 12, 9, 5])).toEqual([1, 3, 3, 3, 4, 4]);
    expect(lengths([1, 1, 1, 1])).toEqual([2, 2, 2, 2]);
    expect(lengths([3, 1])).toEqual([1, 1]);
  });

  it('has no code that begins another, and inner nodes that go with the turns', () => {
    const counts = [45, 16, 13, 12, 9, 5, 5, 4, 1];
    const { starts, nodes, turns } = createHuffmanTree(counts);
    const code = (word: number) => [...turns.slice(starts[word], starts[word + 1])].join('');
    const codes = counts.map((_, word) => code(word));
    for (const a of codes) for (const b of codes) expect(a !== b && b.startsWith(a)).toBe(false);
    // A node is reached by one way alone, the root by none, and every one is used.
    const ways = new Map<number, Set<string>>();
    for (const [word, whole] of codes.entries()) {
      for (let i = starts[word]; i < starts[word + 1]; i++) {
        const way = whole.slice(0, i - starts[word]);
        ways.set(nodes[i], (ways.get(nodes[i]) ?? new Set()).add(way));
      }
    }
    expect(ways.size).toBe(counts.length - 1);
    expect([...ways.values()].every(set => set.size === 1)).toBe(true);
    expect([...ways.get(counts.length - 2)!]).toEqual(['']);
  });
});
