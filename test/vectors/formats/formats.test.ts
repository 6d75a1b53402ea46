/** Files of word vectors: written and read again, cut into pieces anywhere, packed, damaged. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/support/errors.ts';
import { createRandom } from '../../../src/support/random.ts';
import { parseVectors } from '../../../src/vectors/formats/parse.ts';
import { readVectorFile, readVectorFileSync } from '../../../src/vectors/formats/read.ts';
import { shortest, VECTOR_FORMATS, writeVectors } from '../../../src/vectors/formats/write.ts';
import { WordVectors } from '../../../src/vectors/word-vectors.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(place(name), content);
  return place(name);
};

const random = createRandom(11);
const words = ['the', 'naïve', '自然', '😀', "don't", '</s>', '100', 'New_York', 'x²', '1e5'];
const vectors = Float32Array.from({ length: words.length * 7 }, () => (random.next() - 0.5) * 10 ** random.below(9));
vectors.set([0, -0, 1e-45, 3.4028235e38, -1e-10, 10, 0x0a0a0a0a]);
const original = new WordVectors({ words, vectors, dimension: 7 });
const bits = ({ vectors }: WordVectors): string =>
  Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength).toString('hex');

describe.each(VECTOR_FORMATS)('%s', format => {
  const path = place(`vectors.${format}`);
  writeVectors(path, original, format);

  it('gives back the same words and bits', async () => {
    for (const read of [await readVectorFile(path), readVectorFileSync(path)]) {
      expect(read.words).toEqual(words);
      expect(bits(read)).toBe(bits(original).replace('00000080', format === 'binary' ? '00000080' : '00000000'));
    }
  });

  it.each([1, 3, 17])('is read the same in pieces of %i bytes', size => {
    const bytes = readFileSync(path);
    const parser = parseVectors({ path, bytes: bytes.length });
    let step = parser.next();
    for (let at = 0; at < bytes.length && !step.done; at += size) step = parser.next(bytes.subarray(at, at + size));
    if (!step.done) step = parser.next(null);
    expect(step.value?.words).toEqual(words);
    expect(bits(step.value!)).toBe(bits(readVectorFileSync(path)));
  });

  it('is read packed, and in part', async () => {
    const packed = file(`vectors.${format}.gz`, gzipSync(readFileSync(path)));
    expect((await readVectorFile(packed)).words).toEqual(words);
    const some = await readVectorFile(packed, { limit: 3 });
    expect(some.words).toEqual(words.slice(0, 3));
    expect(bits(some)).toBe(bits(readVectorFileSync(path)).slice(0, 3 * 7 * 8));
    expect(readVectorFileSync(path, { limit: 100 }).size).toBe(words.length);
  });

  it('refuses words that could not be read again, and leaves no file', () => {
    for (const word of ['a\nb', '', ...(format === 'glove' ? [] : ['a b'])]) {
      const bad = new WordVectors({ words: [word], vectors: new Float32Array(2), dimension: 2 });
      expect(() => writeVectors(place('bad'), bad, format)).toThrow(UserError);
      expect(existsSync(place('bad'))).toBe(false);
    }
  });
});

describe('text', () => {
  it.each([
    ['2 2\na 1 2\nb 3 4\n', ['a', 'b']],
    ['2 2\r\na 1 2 \r\nb\t3\t4', ['a', 'b']],
    ['\ufeff2 2\na 1 2\nb 3 4\n\n', ['a', 'b']],
    ['a 1 2\nb 3e-1 .5\n', ['a', 'b']],
    ['. . . 1 2\nat x@y.z 4 5\nb 7 8\n', ['. . .', 'at x@y.z', 'b']],
    ['3 2\na 1 2\na 3 4\nb 5 6\n', ['a', 'b']],
    ['1 1 2\n2 3 4\n', ['1', '2']],
  ])('%j has the words %j', (text, expected) => {
    const read = readVectorFileSync(file('some.txt', text));
    expect(read.words).toEqual(expected);
    expect(read.dimension).toBe(2);
  });

  it('of a word that is there twice the first vector counts', () => {
    const read = readVectorFileSync(file('twice.txt', '3 2\na 1 2\na 3 4\nb 5 6\n'));
    expect([...read.vectors]).toEqual([1, 2, 5, 6]);
  });

  it('is the shortest that gives the same float32', () => {
    expect([0.1, 1 / 3, 1e-45, 16777216].map(value => shortest(Math.fround(value)))).toEqual([
      ...['0.1', '0.33333334', '1.4013e-45', '16777216'],
    ]);
    for (let i = 0; i < 1000; i++) {
      const value = Math.fround((random.next() - 0.5) * 10 ** (random.below(60) - 30));
      expect(Math.fround(Number(shortest(value)))).toBe(value);
    }
  });
});

it('binary is told from text though a vector begins like a number and a line end', () => {
  // 0x31 0x0a 0x00 0x3f: "1\n" and two bytes more.
  const path = file('digit.bin', Buffer.concat([Buffer.from('1 2\na 1\n'), Buffer.from([0, 0x3f, 0, 0, 0x80, 0x3f])]));
  const read = readVectorFileSync(path);
  expect(read.words).toEqual(['a']);
  expect(read.vectors[1]).toBe(1);
});

const float = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);

describe('a malformed file is one line that names it', () => {
  const cases: [string, string | Buffer, RegExp][] = [
    ['empty', '', /the file is empty/],
    ['only-header', '2 2\n', /claims 2 words of 2 numbers, more than 4 bytes/],
    ['ragged', '2 2\na 1 2\nb 3\n', /line 3: 1 numbers, 2 are expected/],
    ['long', 'a 1 2\nb 1 2 3\n', /line 2: more than the 2 numbers/],
    ['letters', 'a 1 2\nb 1 x\n', /line 2: 'x' of the word 'b'/],
    ['prose', 'It was the best of times\n', /line 1: a word and numbers/],
    ['nan', '2 2\na nan 1\nb 1 2\n', /line 2: 'nan' of the word 'a'/],
    ['infinite', 'a 1 2\nb 1 1e999\n', /line 2: '1e999'/],
    ['few', '3 2\na 1 2\nb 10000000 1\n', /claims 3 words, there are 2/],
    ['many', '1 2\na 1 2\nb 1 2\n', /more words than the 1/],
    ['negative', '-1 2\na 1 2\n', /claims -1 words/],
    ['flat', '2 0\na\nb\n', /claims 2 words of 0/],
    ['huge', '99999999999 300\na 1 2\n', /more than 22 bytes/],
    ['cut', Buffer.concat([Buffer.from('2 2\na '), float(1, 2), Buffer.from('longer ')]), /ends at word 2/],
    ['rest', Buffer.concat([Buffer.from('1 2\na '), float(1, 2), Buffer.from('b'), float(1, 2)]), /more after the 1/],
    ['number', Buffer.concat([Buffer.from('1 2\na '), float(1, Number.NaN)]), /number 2 of the word 'a' is NaN/],
  ];

  it.each(cases)('%s', async (name, content, message) => {
    const path = file(name, content);
    for (const read of [async () => readVectorFileSync(path), () => readVectorFile(path)]) {
      const error = await read().catch(error => error);
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toMatch(message);
      expect(error.message.startsWith(`${path}: `)).toBe(true);
      expect(error.message).not.toContain('\n');
    }
  });

  it('packed, too, whatever its header claims', async () => {
    const path = file('huge.gz', gzipSync('99999999999 300\na \x01\x02'));
    await expect(readVectorFile(path)).rejects.toThrow(/ends at word 1/);
  });

  it('missing', async () => {
    await expect(readVectorFile(place('none'))).rejects.toMatchObject({ code: 'TSLM_ENOENT' });
  });
});
