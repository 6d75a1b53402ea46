import { describe, expect, test } from 'vitest';
import { byteOfCharacter, splitByHash, tailBoundaries } from '../../../src/data/corpus/split.ts';
import { createRandom } from '../../../src/support/random.ts';

describe('splits', () => {
  test('by hash have the shares asked for and change with the seed', () => {
    const random = createRandom(1);
    const shares = { validation: 0.05, test: 0.1 };
    const hashes = Array.from({ length: 20_000 }, () => [random.below(2 ** 32), random.below(2 ** 32)]);
    const splits = (seed: number) => hashes.map(([high, low]) => splitByHash(high, low, seed, shares));
    const first = splits(0);
    expect(first.filter(split => split === 'validation').length / 20_000).toBeCloseTo(0.05, 2);
    expect(first.filter(split => split === 'test').length / 20_000).toBeCloseTo(0.1, 2);
    expect(splits(0)).toEqual(first);
    const agreement = splits(1).filter((split, i) => split === first[i]).length / 20_000;
    expect(agreement).toBeCloseTo(0.85 ** 2 + 0.05 ** 2 + 0.1 ** 2, 1.5);
  });

  test('at the tail start at whole characters', () => {
    expect(tailBoundaries(1_115_394, { validation: 0.1, test: 0 })).toEqual({ validation: 1_003_854, test: 1_115_394 });
    expect(tailBoundaries(100, { validation: 0.05, test: 0.05 })).toEqual({ validation: 90, test: 95 });
  });

  test('find the byte of a character', () => {
    const text = 'aé天😀z';
    const bytes = Buffer.from(text);
    const starts = [...text].map((_, i) => Buffer.byteLength([...text].slice(0, i).join('')));
    expect(starts.map((_, i) => byteOfCharacter(bytes, i))).toEqual(starts);
    expect(byteOfCharacter(bytes, 5)).toBe(bytes.length);
  });
});
