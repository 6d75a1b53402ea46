import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCorpus } from '../../../src/data/corpus/corpus.ts';
import { CORPUS_FORMAT, type CorpusIndex, dtypeFor } from '../../../src/data/corpus/corpus-index.ts';
import { ShardWriter } from '../../../src/data/corpus/shards.ts';
import { tokenizerHash } from '../../../src/data/corpus/tokenizer-hash.ts';
import { byteTokenizer, errorOf, scratchFolder, writeFiles } from '../helpers.ts';

const scratch = scratchFolder();
let made = 0;

/** A corpus of the given training documents; the other splits are empty. */
function makeCorpus(
  documents: number[][],
  { shardTokens = 1000, dtype = 'uint16' as CorpusIndex['dtype'] } = {},
): string {
  const folder = join(scratch, String(made++));
  byteTokenizer(folder);
  const train = new ShardWriter(folder, 'train', { shardTokens });
  for (const tokens of documents) {
    const array = dtype === 'uint16' ? Uint16Array.from(tokens) : Uint32Array.from(tokens);
    train.add(array, { bytes: 2 * tokens.length, characters: tokens.length });
  }
  const empty = { tokens: 0, documents: 0, bytes: 0, characters: 0, unknown: { tokens: 0, bytes: 0 }, shards: [] };
  const index: CorpusIndex = {
    format: CORPUS_FORMAT,
    vocab_size: 257,
    dtype,
    prefix_token_ids: [],
    eos_token_id: 256,
    tokenizer_sha256: tokenizerHash(folder),
    seed: 0,
    options: {},
    splits: { train: train.finish(), validation: empty, test: empty },
  };
  writeFileSync(join(folder, 'corpus.json'), JSON.stringify(index));
  return folder;
}

const DOCUMENTS = [[1, 2, 3], [4], [5, 6, 7, 8, 9, 10], [11, 12], [13, 14, 15]];

test('tokens are stored as narrowly as the vocabulary allows', () => {
  expect([dtypeFor(65536), dtypeFor(65537)]).toEqual(['uint16', 'uint32']);
});

describe.each(['uint16', 'uint32'] as const)('a corpus of %s', dtype => {
  describe.each([[5], [1000], [1]])('in shards of %i tokens', shardTokens => {
    const all = DOCUMENTS.flat();
    const split = () => openCorpus(makeCorpus(DOCUMENTS, { shardTokens, dtype })).split('train');

    test('reads any range, across shards', () => {
      const train = split();
      expect([train.tokens, train.documents, train.bytes, train.characters]).toEqual([15, 5, 30, 15]);
      for (let offset = 0; offset <= 16; offset++) {
        for (let length = 0; length <= 17 - offset; length++) {
          expect([...train.read(offset, length)]).toEqual(all.slice(offset, offset + length));
        }
      }
    });

    test('knows its documents', () => {
      const train = split();
      expect(DOCUMENTS.map((_, i) => [...train.document(i)])).toEqual(DOCUMENTS);
      expect(all.map((_, offset) => train.documentAt(offset))).toEqual(
        DOCUMENTS.flatMap((tokens, i) => tokens.map(() => i)),
      );
      expect(train.documentRange(2)).toEqual({ start: 4, end: 10 });
      expect(() => train.document(5)).toThrow(RangeError);
      expect(() => train.documentAt(15)).toThrow(RangeError);
    });
  });
});

describe('a corpus', () => {
  test('gives a view where a range lies in one shard', () => {
    const train = openCorpus(makeCorpus(DOCUMENTS)).split('train');
    expect(train.read(0, 5).buffer).toBe(train.read(5, 5).buffer);
    expect(openCorpus(makeCorpus(DOCUMENTS)).split('test').read(0, 5)).toHaveLength(0);
  });

  test('has its tokenizer, and knows another', async () => {
    const corpus = openCorpus(makeCorpus(DOCUMENTS));
    expect(corpus.tokenizer().decode([104, 105])).toBe('hi');
    const same = join(scratch, 'same');
    byteTokenizer(same);
    const json = JSON.parse(readFileSync(join(same, 'tokenizer.json'), 'utf8'));
    writeFiles(same, { 'tokenizer.json': JSON.stringify({ ...json, padding: { length: 5 } }, null, 4) });
    corpus.requireTokenizer(same);
    corpus.requireTokenizer(join(same, 'tokenizer.json'));
    writeFiles(same, { 'tokenizer.json': JSON.stringify({ ...json, normalizer: { type: 'NFC' } }) });
    expect(await errorOf(() => corpus.requireTokenizer(same))).toMatchObject({ code: 'TSLM_OTHER_TOKENIZER' });
  });

  test('that is not there, cut short, or has lost a shard is an error', async () => {
    expect(await errorOf(() => openCorpus(scratch))).toMatchObject({ code: 'TSLM_NO_CORPUS' });
    const cut = makeCorpus(DOCUMENTS);
    truncateSync(join(cut, 'train-00000.bin'), 28);
    const error = await errorOf(() => openCorpus(cut));
    expect(error).toMatchObject({ code: 'TSLM_DAMAGED_CORPUS' });
    expect(error.message).toContain('train-00000.bin: has 28 bytes, corpus.json says 30');
    const lost = makeCorpus(DOCUMENTS);
    rmSync(join(lost, 'train-00000.idx'));
    expect((await errorOf(() => openCorpus(lost))).message).toContain('train-00000.idx: is missing');
  });

  test('whose tokenizer or index was changed is an error', async () => {
    const changed = makeCorpus(DOCUMENTS);
    writeFiles(changed, { 'tokenizer.json': '{"model":{}}' });
    expect(await errorOf(() => openCorpus(changed))).toMatchObject({ code: 'TSLM_OTHER_TOKENIZER' });
    const index = makeCorpus(DOCUMENTS);
    writeFiles(index, { 'corpus.json': '{"format":1,"vocab_sise":2}' });
    expect(await errorOf(() => openCorpus(index))).toMatchObject({ exitCode: 2 });
    appendFileSync(join(index, 'corpus.json'), 'x');
    expect(await errorOf(() => openCorpus(index))).toMatchObject({ code: 'TSLM_BAD_JSON' });
  });

  test('verifies its hashes', async () => {
    const folder = makeCorpus(DOCUMENTS);
    await openCorpus(folder).verify();
    const file = join(folder, 'train-00000.bin');
    const bytes = readFileSync(file);
    bytes[3] ^= 1;
    writeFileSync(file, bytes);
    expect(await errorOf(() => openCorpus(folder).verify())).toMatchObject({ code: 'TSLM_DAMAGED_CORPUS' });
  });
});
