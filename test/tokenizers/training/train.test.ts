import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Tokenizer as Native } from 'tokenizers';
import { afterAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { type TrainedBpe, trainBpe } from '../../../src/tokenizers/training/bpe-trainer.ts';
import { countWords } from '../../../src/tokenizers/training/count-words.ts';
import { trainTokenizer } from '../../../src/tokenizers/training/train.ts';
import { describeShared } from '../../helpers/shared.ts';
import { fixtureJson } from '../pipelines.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What Hugging Face's trainer makes of a text, line by line; the native package has only its default options. */
function trainNative(text: string): TrainedBpe {
  const json = fixtureJson('byte_bpe_gpt2');
  const empty = { ...json, added_tokens: [], model: { ...json.model, vocab: {}, merges: [] } };
  const native = Native.fromString(JSON.stringify(empty));
  writeFileSync(join(folder, 'text.txt'), text);
  native.train([join(folder, 'text.txt')]);
  native.save(join(folder, 'trained.json'));
  return JSON.parse(readFileSync(join(folder, 'trained.json'), 'utf8')).model;
}

async function trainOurs(text: string, threads = 1): Promise<TrainedBpe> {
  const counts = await countWords(text.match(/[^\n]*\n|[^\n]+$/g) ?? [], { split: 'gpt2', threads });
  return trainBpe(counts, { vocabSize: 30_000, minFrequency: 0, specialTokens: [], allBytes: false });
}

async function expectSame(text: string, threads = 1): Promise<void> {
  const { vocab, merges } = trainNative(text);
  const ours = await trainOurs(text, threads);
  expect(ours.merges).toEqual(merges);
  expect(ours.vocab).toEqual(vocab);
}

describe('the merges are those of Hugging Face', () => {
  it.each(
    ['README.md', 'node_modules/zod/README.md', 'package-lock.json', 'CONTRIBUTING.md'].filter(existsSync),
  )('on %s', path => expectSame(readFileSync(path, 'utf8')));

  it('on random text with many ties', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '\n', '中', '1'), maxLength: 40 }), {
          minLength: 1,
          maxLength: 8,
        }),
        lines => expectSame(lines.join('\n')),
      ),
      { numRuns: process.env.TSLM_LONG ? 150 : 20 },
    ));

  describeShared('data', 'on real text', data => {
    it.each([
      'tinyshakespeare/input.txt',
      'chinese-novels/xiyouji.txt.gz',
      'wikitext-2/train.txt.gz',
    ])('%s, in threads', async path => {
      const bytes = readFileSync(join(data, path));
      await expectSame((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString(), 2);
    }, 120_000);
  });
});

const lines = [
  'the cat sat on the mat\n',
  'the dog sat on the log\n',
  '今天天气很好，今天去公园。\n',
  'naïve 😀 café\n',
];

describe('a byte-level tokenizer', async () => {
  const tokenizer = await trainTokenizer(lines, { vocabSize: 290, minFrequency: 1 });

  it('has the end of text first, then all bytes, then merges', () => {
    expect(tokenizer.vocabSize).toBe(290);
    expect(tokenizer.eosTokenId).toBe(0);
    expect(tokenizer.idToToken(1)).toBe('!');
    // `at` and `he` occur four times each; the pair with the lower ids comes first.
    expect([257, 258].map(id => tokenizer.idToToken(id))).toEqual(['at', 'he']);
  });

  it('takes every string there and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(tokenizer.decode(tokenizer.encodeIds(text))).toBe(text);
      }),
    );
  });

  it.each(['gpt2', 'gpt4'] as const)('encodes as Hugging Face does with the split %s', async split => {
    const { native, ours } = await saved(await trainTokenizer(lines, { vocabSize: 300, split }));
    for (const text of [...lines, 'a<|endoftext|>b', "IT'S 12345\r\n\r\n x"]) {
      expect([...ours.encodeIds(text)]).toEqual((await native.encode(text)).getIds());
    }
    expect(ours.encode('a<|endoftext|>b').ids).toContain(0);
  });

  it('merges no pair that is rarer than asked', async () => {
    const { vocabSize } = await trainTokenizer(['ab ab ab', ' cd'], { minFrequency: 3 });
    // The bytes, the end of text, and `ab`: ` ab` occurs twice.
    expect(vocabSize).toBe(258);
  });
});

describe('a character tokenizer', async () => {
  const tokenizer = await trainTokenizer(lines, { kind: 'char', minFrequency: 1 });

  it('has one token for each code point', () => {
    expect(tokenizer.encode('cat 😀\n').tokens).toEqual(['c', 'a', 't', ' ', '😀', '\n']);
    expect(tokenizer.encode('z7').tokens).toEqual(['z', '7']); // characters of ASCII, wherever there is room
    expect(tokenizer.encode('猴猴').ids).toEqual([tokenizer.unkTokenId, tokenizer.unkTokenId]);
    expect(tokenizer.decode(tokenizer.encodeIds(lines.join('')))).toBe(lines.join(''));
  });

  it('opens in Hugging Face with the same ids', async () => {
    const { native, ours } = await saved(tokenizer);
    for (const text of [...lines, 'quiz\r\n', 'a<|endoftext|>b']) {
      const want = await native.encode(text);
      expect([...ours.encodeIds(text)]).toEqual(want.getIds());
      expect(ours.decode(want.getIds())).toBe(await native.decode(want.getIds(), false));
    }
  });

  it('keeps the most frequent characters when there is no room for all', async () => {
    const { vocabSize } = await trainTokenizer(lines, { kind: 'char', vocabSize: 10 });
    expect(vocabSize).toBe(10);
  });
});

it('says what is wrong with the options', async () => {
  await expect(trainTokenizer([], { vocabSize: 100 })).rejects.toThrow(/vocabulary of 100 is too small/);
  await expect(trainTokenizer([], { vocab_size: 100 } as object)).rejects.toMatchObject({
    hint: "did you mean 'vocabSize'?",
  });
});

async function saved(tokenizer: Tokenizer): Promise<{ native: Native; ours: Tokenizer }> {
  tokenizer.save(folder);
  return { native: Native.fromFile(join(folder, 'tokenizer.json')), ours: Tokenizer.fromFile(folder) };
}
