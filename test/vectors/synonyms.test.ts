import { expect, test } from 'vitest';
import { synonymsFromVectors } from '../../src/vectors/synonyms.ts';
import { WordVectors } from '../../src/vectors/word-vectors.ts';

test('the nearest words are synonyms, as far as they are near', () => {
  const rows: Record<string, number[]> = {
    big: [1, 0],
    large: [0.9, 0.1],
    Big: [1, 0],
    huge: [0.8, 0.4],
    '1,000': [1, 0.01],
    red: [0, 1],
  };
  const words = Object.keys(rows);
  const vectors = new WordVectors({
    words,
    vectors: Float32Array.from(words.flatMap(word => rows[word])),
    dimension: 2,
  });
  const { synonymsOf, fingerprint } = synonymsFromVectors(vectors);
  expect(synonymsOf('big')).toEqual(['large', 'huge']);
  expect(synonymsOf('BIG')).toEqual(['large', 'huge']);
  expect(synonymsOf('red')).toEqual([]);
  expect(synonymsOf('green')).toEqual([]);
  expect(synonymsFromVectors(vectors, { top: 3, minCosine: 0.95 }).synonymsOf('big')).toEqual(['large']);
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
});
