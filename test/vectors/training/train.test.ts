/** Every method on a language whose neighbours are known. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VectorTrainingOptions } from '../../../src/vectors/training/options.ts';
import { readWords } from '../../../src/vectors/training/read-words.ts';
import { trainVectors } from '../../../src/vectors/training/train.ts';
import { isLong } from '../../helpers/long.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { hasClasses, toyText } from '../toy.ts';

const path = join(scratchFolder(), 'toy.txt');
writeFileSync(path, toyText());
const text = await readWords([path], { sentences: 'line' });

const small: VectorTrainingOptions = { dimension: 12, window: 3, epochs: 8, subsample: 0, seed: 7 };
const methods: [string, VectorTrainingOptions][] = [
  ['skip-gram', { ...small }],
  ['skip-gram, hierarchical softmax', { ...small, loss: 'hierarchical-softmax' }],
  ['skip-gram, subwords', { ...small, subwords: { buckets: 500 } }],
  ['cbow', { ...small, method: 'cbow', epochs: 20 }],
  ['cbow, hierarchical softmax', { ...small, method: 'cbow', loss: 'hierarchical-softmax', epochs: 20 }],
  ['cbow, subwords', { ...small, method: 'cbow', epochs: 20, subwords: { buckets: 500 } }],
  ['glove', { ...small, method: 'glove', epochs: 30, xMax: 10 }],
];

describe.each(methods)('%s', (name, options) => {
  it('learns which words are alike, with a loss that falls', async () => {
    const { vectors, losses } = await trainVectors(text, options);
    expect(hasClasses(word => vectors.nearest(word, { top: vectors.size }))).toBe(true);
    expect(losses).toHaveLength(options.epochs!);
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
  });

  it('gives the same bits for the same seed, others for another', async () => {
    const short = { ...options, epochs: 2 };
    const bits = async (more: VectorTrainingOptions = {}) =>
      Buffer.from((await trainVectors(text, { ...short, ...more })).vectors.vectors.buffer).toString('hex');
    const first = await bits();
    expect(await bits()).toBe(first);
    expect(await bits({ seed: 8 })).not.toBe(first);
  });

  it.runIf(isLong || name === 'cbow' || name === 'glove')('learns in several threads', async () => {
    const shares: number[] = [];
    const { vectors, losses } = await trainVectors(
      text,
      { ...options, threads: 2 },
      { onProgress: s => shares.push(s) },
    );
    expect(hasClasses(word => vectors.nearest(word, { top: vectors.size }))).toBe(true);
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
    expect(shares.every(share => share >= 0 && share <= 1)).toBe(true);
  });
});

describe('options', () => {
  it.each([
    [{ dimenson: 3 }, /unknown key 'dimenson'/],
    [{ dimension: 0 }, /'dimension'/],
    [{ method: 'glove', subwords: {} }, /GloVe has no subwords/],
    [{ subwords: { minNgram: 5, maxNgram: 4 } }, /minNgram is larger/],
    [{ subwords: { buckets: 2 ** 28 } }, /buckets times dimension/],
  ])('%j are refused', async (options, message) => {
    await expect(trainVectors(text, options as VectorTrainingOptions)).rejects.toThrow(message);
  });
});

it('n-grams give vectors to words that are not in the text', async () => {
  const { vectors } = await trainVectors(text, { ...small, subwords: { buckets: 5000 } });
  expect(vectors.indexOf('berliner')).toBe(-1);
  expect(vectors.nearest('berliner', { top: 1 })[0].word).toBe('berlin');
  expect((await trainVectors(text, small)).vectors.vectorOf('berliner')).toBeUndefined();
});
