/** Files of word vectors that were damaged at random: each has neighbours to name, or is refused with a code. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { it } from 'vitest';
import { readVectorFile } from '../../../src/vectors/formats/read.ts';
import { loadVectors, saveVectors, WordVectors } from '../../../src/vectors/index.ts';
import { SubwordVectors } from '../../../src/vectors/subwords.ts';
import { damage, expectBoth } from '../../helpers/damage.ts';
import { mutateBytes, mutateHeader, mutateJsonFile } from '../../helpers/mutations.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const fixture = (name: string): Buffer => readFileSync(join('test/fixtures/vectors', name));
const use = (vectors: WordVectors): unknown => vectors.nearest(vectors.words[0], { top: 3 });

it.each([
  ['word2vec.bin', fixture('word2vec.bin')],
  ['word2vec.txt', fixture('word2vec.txt')],
  ['glove.txt', fixture('glove.txt')],
  ['word2vec.bin.gz', gzipSync(fixture('word2vec.bin'))],
])('%s', { timeout: 1_800_000 }, async (name, original) => {
  const path = join(folder, name);
  const outcome = await damage(original, {
    async read(bytes) {
      writeFileSync(path, bytes);
      use(await readVectorFile(path));
    },
  });
  expectBoth(outcome);
});

const words = ['the', 'house', 'sea', 'of'];
const options = { buckets: 50, minNgram: 3, maxNgram: 5 };
const subwords = new SubwordVectors(new Float32Array(200).fill(0.5), 4, options);
const vectors = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
const stored = join(folder, 'stored');
saveVectors(stored, new WordVectors({ words, vectors, dimension: 4, subwords }), {
  counts: [9, 4, 2, 1],
  provenance: { source: [], text: {}, wordsRead: 16, wordsKept: 16, training: {}, losses: [1], seconds: 1 },
});

it.each([
  ['vectors.json', mutateJsonFile],
  ['vectors.bin', mutateBytes],
  ['subwords.safetensors', mutateBytes],
  ['subwords.safetensors', mutateHeader],
])('%s of a folder', { timeout: 1_800_000 }, async (name, mutate) => {
  const damaged = join(folder, `damaged ${name}`);
  cpSync(stored, damaged, { recursive: true });
  const outcome = await damage(readFileSync(join(stored, name)), {
    mutate,
    async read(bytes) {
      writeFileSync(join(damaged, name), bytes);
      const read = await loadVectors(damaged);
      use(read);
      read.vectorOf('unheard');
    },
  });
  expectBoth(outcome);
});
