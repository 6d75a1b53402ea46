import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HashSet } from '../../../../src/data/prepare/dedup/exact.ts';
import { candidatePairs } from '../../../../src/data/prepare/dedup/lsh.ts';
import { bandKeys, bandsFor, meetingChance, minHash } from '../../../../src/data/prepare/dedup/minhash.ts';
import { hashShingles, jaccard, shingleCount, shingleSet } from '../../../../src/data/prepare/dedup/shingles.ts';
import { Units } from '../../../../src/data/prepare/units.ts';
import { createRandom } from '../../../../src/support/random.ts';
import { randomChinese, randomText } from '../../helpers.ts';

describe('a set of hashes', () => {
  test('holds what was added, through growth', () => {
    const set = new HashSet({ slots: 16 });
    const hashes = Array.from({ length: 5000 }, (_, i) => {
      const digest = createHash('sha256').update(String(i)).digest();
      return [digest.readUInt32BE(0), digest.readUInt32BE(4)];
    });
    for (const [high, low] of hashes) expect(set.add(high, low)).toBe(true);
    for (const [high, low] of hashes) expect(set.add(high, low)).toBe(false);
    expect(set.size).toBe(5000);
  });

  test('holds zero, and hashes that differ in one half only', () => {
    const set = new HashSet();
    expect([set.add(0, 0), set.add(0, 0), set.add(1, 7), set.add(2, 7), set.add(1, 8)]).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
  });
});

describe('shingles', () => {
  test('give the Jaccard similarity of five-word windows', () => {
    // Shingles abcde, bcdef, cdefg against abcde, bcdef, cdefx: 2 shared of 4.
    expect(jaccard(shingleSet('a b c d e f g'), shingleSet('a b c d e f x'))).toBe(0.5);
    expect(jaccard(shingleSet('天地玄黄宇宙洪'), shingleSet('天地玄黄，宇宙洪！'))).toBe(1);
    expect(jaccard(shingleSet('a b'), shingleSet('a b'))).toBe(1);
    expect(jaccard(shingleSet('a b'), shingleSet('a c'))).toBe(0);
    expect(jaccard(shingleSet(''), shingleSet(''))).toBe(0);
  });
});

describe('MinHash', () => {
  const sets = (shared: number, own: number, seed: number): [Uint32Array, Uint32Array] => {
    const random = createRandom(seed);
    const draw = (n: number) => Array.from({ length: n }, () => random.below(2 ** 32));
    const common = draw(shared);
    return [Uint32Array.from([...common, ...draw(own)]), Uint32Array.from([...common, ...draw(own)])];
  };

  test.each([
    [4000, 500],
    [300, 300],
    [40, 5],
    [12, 2],
  ])('agrees in as many bins as the sets are similar: %i shared, %i of their own', (shared, own) => {
    const bins = 128;
    let agreeing = 0;
    const trials = 300;
    for (let seed = 0; seed < trials; seed++) {
      const [a, b] = sets(shared, own, seed).map(set => {
        const signature = new Uint32Array(bins);
        minHash(set, signature);
        return signature;
      });
      agreeing += a.filter((value, i) => value === b[i]).length;
    }
    expect(agreeing / bins / trials).toBeCloseTo(shared / (shared + 2 * own), 1.5);
  });

  test('does not depend on order or repeats', () => {
    const [set] = sets(50, 0, 1);
    const once = new Uint32Array(128);
    const twice = new Uint32Array(128);
    minHash(set, once);
    minHash(Uint32Array.from([...set, ...set].reverse()), twice);
    expect(twice).toEqual(once);
  });
});

describe('bands', () => {
  test.each([0.5, 0.7, 0.8, 0.9, 1])('of the threshold %d find 98%% at it and few far below it', threshold => {
    const bands = bandsFor(threshold);
    expect(bands.bands * bands.rows).toBeLessThanOrEqual(128);
    expect(meetingChance(threshold, bands)).toBeGreaterThanOrEqual(0.98);
    expect(meetingChance(threshold / 2, bands)).toBeLessThan(0.5);
  });
});

describe('candidate pairs', () => {
  const pairs = (keys: number[], options = {}) =>
    [...candidatePairs(Uint32Array.from(keys), options)].flatMap(batch => [...batch]);

  test('pair each document with the first of its key and the last before it', () => {
    expect(pairs([7, 9, 7, 8, 7, 9, 7])).toEqual([0, 2, 0, 4, 2, 4, 1, 5, 0, 6, 4, 6]);
  });

  test('leave out documents without a key and those to be skipped', () => {
    expect(pairs([0, 0, 5, 5, 5], { skip: (document: number) => document === 3 })).toEqual([2, 4, 3, 4]);
  });
});

describe('near-duplicates', () => {
  /** Replaces each word with a chance; the Jaccard similarity of the result is measured, not assumed. */
  function disturb(units: string[], joint: string, chance: number, seed: number): string {
    const random = createRandom(seed);
    return units.map((unit, i) => (random.next() < chance ? units[(i * 7 + 3) % units.length] : unit)).join(joint);
  }

  function keysOf(text: string, threshold: number): Uint32Array {
    const { bands, rows } = bandsFor(threshold);
    const units = new Units();
    units.read(text);
    const shingles = new Uint32Array(shingleCount(units.count));
    hashShingles(units, shingles);
    const signature = new Uint32Array(bands * rows);
    minHash(shingles, signature);
    const keys = new Uint32Array(bands);
    bandKeys(signature, { bands, rows }, keys);
    return keys;
  }

  test.each([
    ['long English', (seed: number) => randomText(600, seed).split(' '), ' '],
    ['short English', (seed: number) => randomText(60, seed).split(' '), ' '],
    ['Chinese', (seed: number) => [...randomChinese(300, seed)], ''],
  ])('share a band: %s', (_, make, joint) => {
    let similar = 0;
    let found = 0;
    let different = 0;
    let falselyMet = 0;
    for (let seed = 0; seed < 400; seed++) {
      const units = make(seed);
      const [a, b] = [units.join(joint), disturb(units, joint, (seed % 20) / 100, seed)];
      const similarity = jaccard(shingleSet(a), shingleSet(b));
      const [keysA, keysB] = [keysOf(a, 0.8), keysOf(b, 0.8)];
      const meet = keysA.some((key, band) => key === keysB[band]);
      if (similarity >= 0.8 && similarity < 1) {
        similar++;
        found += Number(meet);
      } else if (similarity < 0.3) {
        different++;
        falselyMet += Number(meet);
      }
    }
    expect(similar).toBeGreaterThan(20);
    expect(different).toBeGreaterThan(20);
    expect(found / similar).toBeGreaterThanOrEqual(0.97);
    expect(falselyMet / different).toBeLessThan(0.05);
  });
});
