import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { embeddingsFrom, loadVectors, saveVectors, WordVectors } from '../../src/vectors/index.ts';
import { SubwordVectors } from '../../src/vectors/subwords.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const words = ['river', 'night', '自然'];
const plain = { words, vectors: Float32Array.of(1, 2, 3, 4, 5, 6), dimension: 2 };
const options = { minNgram: 3, maxNgram: 4, buckets: 50 };
const buckets = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i));
const provenance = { source: ['x'], text: {}, wordsRead: 9, wordsKept: 9, training: {}, losses: [1], seconds: 0 };
const save = (name: string, subwords?: SubwordVectors) =>
  saveVectors(place(name), new WordVectors({ ...plain, subwords }), { counts: [4, 3, 2], provenance });

describe('a folder of word vectors', () => {
  it('gives back what was saved, n-grams as well', async () => {
    save('sub', new SubwordVectors(buckets, 2, options));
    const read = await loadVectors(place('sub'));
    expect(read.words).toEqual(words);
    expect([...read.vectors]).toEqual([...plain.vectors]);
    expect(read.subwords!.options).toEqual(options);
    expect(Buffer.from(read.subwords!.vectors.buffer).equals(Buffer.from(buckets.buffer))).toBe(true);
    expect(read.vectorOf('rivers')).toEqual(new SubwordVectors(buckets, 2, options).vectorOf('rivers'));
    // What is read in part keeps its n-grams.
    expect((await loadVectors(place('sub'), { limit: 1 })).vectorOf('night')).toHaveLength(2);
  });

  it.each([
    ['cut', 'subwords.safetensors', Buffer.alloc(4), /too short for a safetensors header/],
    ['other', 'vectors.bin', '1 2\na 1 2\n', /do not belong together/],
    ['json', 'vectors.json', '{"format": "tslm-ngram"}', /'format'/],
  ])('%s: damaged files are one line', async (name, file, content, message) => {
    save(name, new SubwordVectors(buckets, 2, options));
    writeFileSync(join(place(name), file), content);
    await expect(loadVectors(place(name))).rejects.toThrow(message);
  });
});

it('words are found as they are written, then in lower case', () => {
  const vectors = new WordVectors({ words: ['us', 'US', 'it'], vectors: new Float32Array(3), dimension: 1 });
  expect(['us', 'US', 'IT', 'Us', 'we'].map(word => vectors.indexOf(word))).toEqual([0, 1, 2, 0, -1]);
});

it('the odd one out is furthest from the mean', () => {
  const vectors = new WordVectors({
    words: ['a', 'b', 'c', 'd'],
    vectors: Float32Array.of(1, 0, 0.9, 0.1, 0, 5, 1, 0.2),
    dimension: 2,
  });
  expect(vectors.oddOneOut(['a', 'b', 'c', 'd'])).toBe('c');
});

it('embeddings have a word’s vector at the token that spells it, and one spread', async () => {
  const trained = await trainTokenizer(['river night river night river night '.repeat(20)], {
    kind: 'bpe',
    vocabSize: 300,
  });
  const tokenizer = Tokenizer.fromJSON(trained.toJSON());
  const vectors = new WordVectors(plain);
  const { matrix, found } = embeddingsFrom(vectors, tokenizer, { std: 0.5, seed: 3 });
  expect(matrix).toHaveLength(tokenizer.vocabSize * 2);
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter(id =>
    ['river', 'night'].includes(tokenizer.decode([id]).trim()),
  );
  expect(ids.length).toBeGreaterThan(1);
  expect(found).toBe(ids.length);
  const values = ids.flatMap(id => [...matrix.subarray(2 * id, 2 * id + 2)]);
  expect(Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length)).toBeCloseTo(0.5, 6);
  for (const id of ids) {
    const factor = tokenizer.decode([id]).trim() === 'river' ? 2 : 4 / 3;
    expect(matrix[2 * id + 1] / matrix[2 * id]).toBeCloseTo(factor, 5);
  }
  const others = [...matrix].filter((_, i) => !ids.includes(i >> 1));
  const spread = Math.sqrt(others.reduce((sum, x) => sum + x * x, 0) / others.length);
  expect(Math.abs(spread - 0.5)).toBeLessThan(0.08);
  expect(embeddingsFrom(vectors, tokenizer, { std: 0.5, seed: 3 }).matrix).toEqual(matrix);
});
