import { describe, expect, it } from 'vitest';
import { bucketOf, hashOf, ngramsOf, SubwordVectors } from '../../src/vectors/subwords.ts';

describe('n-grams', () => {
  it('are those of the paper', () => {
    // "where" with n = 3: Bojanowski et al. 2017, 3.2.
    expect(ngramsOf('where', { minNgram: 3, maxNgram: 3 })).toEqual(['<wh', 'whe', 'her', 'ere', 're>']);
  });

  it('leave the brackets alone out, as fastText does', () => {
    expect(ngramsOf('ab', { minNgram: 1, maxNgram: 2 })).toEqual(['<a', 'a', 'ab', 'b', 'b>']);
  });

  it('count characters, not units or bytes', () => {
    expect(ngramsOf('😀é', { minNgram: 3, maxNgram: 6 })).toEqual(['<😀é', '<😀é>', '😀é>']);
  });

  it('have the hashes of fastText', () => {
    // FNV-1a of "a" is 0xe40c292c; bytes above 127 are taken as negative numbers.
    expect(hashOf('a')).toBe(0xe40c292c);
    expect(hashOf('ïve')).toBe(1813711570);
    expect(bucketOf('<ri', 2_000_000)).toBe(1393510);
  });
});

it('a word has the mean of its n-grams, none if it is too short', () => {
  const options = { minNgram: 3, maxNgram: 3, buckets: 10 };
  const vectors = new SubwordVectors(
    Float32Array.from({ length: 20 }, (_, i) => i),
    2,
    options,
  );
  const rows = ['<ab', 'ab>'].map(ngram => bucketOf(ngram, 10));
  expect([...vectors.vectorOf('ab')!]).toEqual([rows[0] + rows[1], rows[0] + rows[1] + 1]);
  expect(vectors.vectorOf('')).toBeUndefined();
});
