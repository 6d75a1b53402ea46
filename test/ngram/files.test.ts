import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { ngramCommand } from '../../src/cli/ngram.ts';
import { type CorpusIndex, SPLITS } from '../../src/data/corpus/corpus-index.ts';
import { ShardWriter } from '../../src/data/corpus/shards.ts';
import { tokenizerHash } from '../../src/data/corpus/tokenizer-hash.ts';
import { evaluateNgram, loadNgram, saveNgram, trainNgramOn } from '../../src/ngram/index.ts';
import { writeJson } from '../../src/support/files.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-ngram-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** One token per character, and the end of a document last. */
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz .'];
const END = LETTERS.length;
const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [
    { id: END, content: '<|end|>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'BPE',
    vocab: Object.fromEntries([...LETTERS, '<|end|>'].map((letter, id) => [letter, id])),
    merges: [],
  },
};

/** Writes a corpus directory with these documents. */
function writeCorpus(name: string, documents: { train: string[]; validation: string[] }): string {
  const directory = join(folder, name);
  mkdirSync(directory);
  writeJson(join(directory, 'tokenizer.json'), TOKENIZER);
  const tokenizer = Tokenizer.fromFile(directory);
  const splits = SPLITS.map(split => {
    const writer = new ShardWriter(directory, split, { shardTokens: 40 });
    for (const text of split === 'test' ? [] : documents[split]) {
      const ids = Uint16Array.from([...tokenizer.encodeIds(text), END]);
      writer.add(ids, { bytes: text.length, characters: text.length });
    }
    return [split, writer.finish()];
  });
  const index: CorpusIndex = {
    format: 1,
    vocab_size: END + 1,
    dtype: 'uint16',
    prefix_token_ids: [],
    eos_token_id: END,
    tokenizer_sha256: tokenizerHash(directory),
    seed: 0,
    options: {},
    splits: Object.fromEntries(splits),
  };
  writeJson(join(directory, 'corpus.json'), index);
  return directory;
}

const train = ['the cat sat.', 'the dog sat on the cat.', 'a cat and a dog.', 'the dog ran.'];
const validation = ['the cat ran.', 'a zebra.'];
const corpus = writeCorpus('corpus', { train, validation });

async function run(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation(text => void printed.push(String(text)));
  try {
    await ngramCommand().parseAsync(args, { from: 'user' });
  } finally {
    log.mockRestore();
  }
  return printed.join('\n');
}

describe('a corpus of token ids', () => {
  const directory = join(folder, 'corpus-model');

  test('trains, and evaluates in nats per token and bits per byte', async () => {
    const trained = JSON.parse(await run('train', corpus, '--order', '3', '--out', directory, '--json'));
    const tokens = train.join('').length + train.length;
    expect(trained).toMatchObject({ order: 3, vocabulary: 29, split: 'train', tokens, smoothing: 'modified' });
    const result = JSON.parse(await run('evaluate', directory, '--data', corpus, '--json'));
    const bytes = validation.join('').length;
    expect(result).toMatchObject({ tokens: bytes + 2, bytes, unknown: 0 });
    expect(result.perplexity).toBeCloseTo(Math.exp(result.loss), 10);
    expect(result.bitsPerByte).toBeCloseTo((result.loss * result.tokens) / Math.LN2 / bytes, 10);
    const onTraining = JSON.parse(await run('evaluate', directory, '--data', corpus, '--split', 'train', '--json'));
    expect(onTraining.loss).toBeLessThan(result.loss);
  });

  test('the stored model is the one in memory', async () => {
    const trained = await trainNgramOn(corpus, { order: 3 });
    const loaded = loadNgram(directory);
    expect(loaded.model.trie).toEqual(trained.model.trie);
    expect(loaded.provenance).toEqual(trained.provenance);
    expect(loaded.tokenizer!().encodeIds('dog.')).toEqual(trained.tokenizer!().encodeIds('dog.'));
  });

  test('a text file is one document of the tokenizer', async () => {
    const file = join(folder, 'cat.txt.gz');
    writeFileSync(file, gzipSync('the cat ran.'));
    const stored = loadNgram(directory);
    const result = await evaluateNgram(stored, file);
    const ids = [...stored.tokenizer!().encodeIds('the cat ran.'), END];
    expect(result).toMatchObject({ tokens: ids.length, bytes: 12 });
    expect(result.loss).toBeCloseTo(-stored.model.score(ids).logProb / ids.length, 10);
  });

  test('generates from a prompt, the same for the same seed', async () => {
    const text = await run('generate', directory, '--prompt', 'the ', '--tokens', '12', '--seed', '3');
    expect(text).toMatch(/^the [a-z .]*$/);
    expect(await run('generate', directory, '--prompt', 'the ', '--tokens', '12', '--seed', '3')).toBe(text);
    const { tokens } = JSON.parse(await run('generate', directory, '--tokens', '5', '--temperature', '0', '--json'));
    expect(tokens).toBeLessThanOrEqual(5);
  });

  test('exports its tokens as words', async () => {
    const arpa = join(folder, 'corpus.arpa');
    await run('export', directory, '--arpa', arpa);
    const words = readFileSync(arpa, 'utf8')
      .split('\n')
      .map(line => line.split('\t')[1]);
    expect(words).toEqual(expect.arrayContaining(['\\s', 'z', '</s>', 't h e', '<s> t h', 't . </s>']));
  });

  test('a corpus of another tokenizer is refused', async () => {
    const other = writeCorpus('other', { train, validation });
    const index = JSON.parse(readFileSync(join(other, 'corpus.json'), 'utf8'));
    const tokenizer = { ...TOKENIZER, decoder: null };
    writeJson(join(other, 'tokenizer.json'), tokenizer);
    writeJson(join(other, 'corpus.json'), { ...index, tokenizer_sha256: tokenizerHash(other) });
    await expect(evaluateNgram(loadNgram(directory), other)).rejects.toMatchObject({ code: 'TSLM_NGRAM_VOCABULARY' });
  });

  test('an empty split is named', async () => {
    await expect(evaluateNgram(loadNgram(directory), corpus, { split: 'test' })).rejects.toMatchObject({
      code: 'TSLM_NGRAM_EMPTY',
    });
  });
});

describe('a plain text', () => {
  const house = 'test/fixtures/ngram/house.txt';
  const directory = join(folder, 'house');

  test('trains on words, and leaves bits per byte open where words are unknown', async () => {
    const text = await run('train', house, '--order', '4', '--out', directory);
    expect(text.split('\n')).toHaveLength(5);
    expect(text).toMatch(/^3-grams +92 {2}D1 0\.7447/m);
    const heldOut = await evaluateNgram(loadNgram(directory), 'test/fixtures/ngram/held-out.txt');
    expect(heldOut).toMatchObject({ tokens: 37, unknown: 1, bitsPerByte: null });
    expect(heldOut.perplexity).toBeCloseTo(18.6907, 3);
    const known = await evaluateNgram(loadNgram(directory), house);
    expect(known.bitsPerByte).toBeGreaterThan(0);
    expect(known.bytes).toBe(readFileSync(house).length);
  });

  test('words and characters generate text', async () => {
    expect(await run('generate', directory, '--prompt', 'This is the', '--seed', '1')).toMatch(/^This is the \w+/);
    const characters = join(folder, 'house-characters');
    await run('train', house, '--characters', '--prune', '0,0,1', '--smoothing', 'absolute', '--out', characters);
    const { provenance, lexicon } = loadNgram(characters);
    expect(provenance).toMatchObject({ smoothing: 'absolute', prune: [0, 0, 1] });
    expect(lexicon?.units).toBe('characters');
    expect(await run('generate', characters, '--prompt', 'This is th', '--seed', '1')).toMatch(/^This is th[a-zJT ]/);
  });

  test('goes to ARPA and back', async () => {
    const arpa = join(folder, 'house.arpa');
    await run('export', directory, '--arpa', arpa);
    await run('import', arpa, '--out', join(folder, 'house-again'));
    const held = 'test/fixtures/ngram/held-out.txt';
    const before = await evaluateNgram(loadNgram(directory), held);
    const after = await evaluateNgram(loadNgram(join(folder, 'house-again')), held);
    expect(after.loss).toBeCloseTo(before.loss, 5);
    expect(after.tokens).toBe(before.tokens);
  });

  test('a corpus of token ids is refused', async () => {
    await expect(evaluateNgram(loadNgram(directory), corpus)).rejects.toMatchObject({ code: 'TSLM_NGRAM_VOCABULARY' });
  });

  test('lines and characters that lie across pieces of the file stay whole', async () => {
    const line = `${'naïve café 😀 '.repeat(40)}\n`;
    const file = join(folder, 'long.txt');
    writeFileSync(file, line.repeat(3000));
    const { lexicon, provenance } = await trainNgramOn(file, { order: 2 });
    expect(lexicon!.words).toEqual(['<unk>', '<s>', '</s>', 'naïve', 'café', '😀']);
    expect(provenance.tokens).toBe(3000 * 121);
  });

  test('files that do not belong together are refused', async () => {
    const broken = join(folder, 'broken');
    saveNgram(broken, loadNgram(directory));
    truncateSync(join(broken, 'ngram.bin'), 100);
    expect(() => loadNgram(broken)).toThrow(expect.objectContaining({ code: 'TSLM_NGRAM_FILES' }));
    expect(() => loadNgram(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'TSLM_ENOENT' }));
  });
});
