/** Every kind of tokenizer, trained and opened in Hugging Face's packages: the same ids there as here. */
import { readFileSync } from 'node:fs';
import { Tokenizer as JavaScriptTokenizer } from '@huggingface/tokenizers';
import { Tokenizer as Native } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import type { TrainOptions } from '../../../src/tokenizers/training/options.ts';
import { trainTokenizer } from '../../../src/tokenizers/training/train.ts';
import { itShared } from '../../helpers/shared.ts';
import { scratchFolder } from '../../support/scratch.ts';

const { text } = JSON.parse(readFileSync('test/fixtures/tokenizers/training.json', 'utf8')) as { text: string };
const lines = text.match(/.*\n/g)!;
const folder = scratchFolder();

/** Texts with what was trained on, and much that was not. */
const probes = [
  ...lines,
  ...text.split(/[ ,.。，]/),
  ...lines.map(line => line.toUpperCase()),
  'Hello  World 😀 naïve\r\n\tx',
  '  leading and trailing  ',
  'a<s>b</s> [MASK] c<|endoftext|>d <unk>',
  'ﬁ ① Ａ e\u0301 \u200d',
  '未曾见过的字',
  '',
];

const KINDS: (TrainOptions & { inJavaScript: boolean })[] = [
  { kind: 'bpe', inJavaScript: true },
  { kind: 'wordpiece', inJavaScript: true },
  { kind: 'wordpiece', lowercase: false, inJavaScript: true },
  { kind: 'unigram', inJavaScript: true },
  // The JavaScript package has no bytes in unigram models, no models of whole words, and other words in Chinese.
  { kind: 'unigram', byteFallback: true, inJavaScript: false },
  { kind: 'llama-bpe', inJavaScript: true },
  // The JavaScript package takes unknown tokens of neighbouring words for one.
  { kind: 'llama-bpe', byteFallback: false, limitAlphabet: 60, inJavaScript: false },
  { kind: 'wordlevel', inJavaScript: false },
  { kind: 'char', inJavaScript: false },
];

describe.each(KINDS)('%j', ({ inJavaScript, ...options }) => {
  it('gives the same ids and texts in Hugging Face tokenizers', async () => {
    const trained = await trainTokenizer(lines, { vocabSize: 600, minFrequency: noRare(options), ...options });
    trained.save(folder);
    const ours = Tokenizer.fromFile(folder);
    const native = Native.fromString(readFileSync(`${folder}/tokenizer.json`, 'utf8'));
    const javaScript = inJavaScript ? new JavaScriptTokenizer(trained.toJSON(), trained.config) : undefined;
    expect(probes.length).toBeGreaterThan(200);
    for (const probe of probes) {
      const { ids } = ours.encode(probe);
      const want = await native.encode(probe);
      expect(ids, probe).toEqual(want.getIds());
      expect(ours.decode(ids), probe).toBe(await native.decode(ids, false));
      if (javaScript) expect(ids, probe).toEqual(javaScript.encode(probe).ids);
    }
  });
});

const noRare = ({ kind }: TrainOptions): number | undefined => (kind === 'unigram' ? undefined : 1);

it('a unigram vocabulary has exactly the size that is asked for, with all characters', async () => {
  const { vocabSize, toJSON } = await trainTokenizer(lines, { kind: 'unigram', vocabSize: 195 }).then(tokenizer => ({
    vocabSize: tokenizer.vocabSize,
    toJSON: () => tokenizer.toJSON() as { model: { vocab: [string, number][] } },
  }));
  expect(vocabSize).toBe(195);
  const tokens = new Set(toJSON().model.vocab.map(([token]) => token));
  for (const char of text.normalize('NFKC').replaceAll(/\s/g, '')) expect(tokens).toContain(char);
});

describe('of Chinese text', () => {
  const chinese = ['八戒道：“哥哥，师父在哪里？”行者道：“师父，你且坐下。”那怪１笑道：“好！”\n'.repeat(20)];
  const options = { vocabSize: 200 };

  it.each(['unigram', 'llama-bpe'] as const)('%s: no token crosses from letters into punctuation', async kind => {
    const tokenizer = await trainTokenizer(chinese, { kind, ...options, vocabSize: kind === 'unigram' ? 120 : 360 });
    const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id) ?? '');
    const special = new Set(['<pad>', '</s>', '<unk>', '<s>']);
    const crossing = tokens.filter(
      token => !special.has(token) && !/^<0x/.test(token) && /\p{L}/u.test(token) && /[^\p{L}▁]/u.test(token),
    );
    expect(crossing).toEqual([]);
    expect(tokens.some(token => /^\p{L}{2,}$/u.test(token))).toBe(true);
  });

  it('wordpiece puts no spaces between Chinese characters, here and in Hugging Face tokenizers', async () => {
    const tokenizer = await trainTokenizer(chinese, { kind: 'wordpiece', vocabSize: 400 });
    const native = Native.fromString(JSON.stringify(tokenizer.toJSON()));
    for (const text of ['八戒道：“哥哥，师父在哪里？”', '行者 道 gpt 4 道。', 'gpt！好']) {
      const { ids } = tokenizer.encode(text, { addSpecialTokens: false });
      const decoded = tokenizer.decode(ids);
      expect(decoded).toBe(await native.decode(ids, false));
      if (!text.includes(' ')) expect(decoded.replaceAll(' ', '')).toBe(decoded);
    }
    const { ids } = tokenizer.encode('行者道 gpt 4 道。', { addSpecialTokens: false });
    expect(tokenizer.decode(ids)).toBe('行者道 gpt 4道。');
  });

  it('unigram keeps full-width punctuation', async () => {
    const tokenizer = await trainTokenizer(chinese, { kind: 'unigram', ...options });
    expect(tokenizer.decode(tokenizer.encode('道：“好！”').ids, { skipSpecialTokens: true })).toBe('道：“好！”');
    expect((tokenizer.toJSON() as { normalizer: object }).normalizer).toEqual({ type: 'NFC' });
  });

  it.each(['wordpiece', 'unigram', 'char'] as const)('%s: the characters of ASCII are known', async kind => {
    const tokenizer = await trainTokenizer(chinese, { kind, vocabSize: 400 });
    const { ids } = tokenizer.encode('GPT4, "x7z"? {a-b_c}; ~', { addSpecialTokens: false });
    expect(ids.filter(id => id === tokenizer.unknownId).length).toBe(kind === 'char' ? 3 : 0); // spaces
  });

  it('wordlevel takes each character for a word', async () => {
    const tokenizer = await trainTokenizer(chinese, { kind: 'wordlevel', ...options });
    expect(tokenizer.encode('哥哥道').tokens).toEqual(['哥', '哥', '道']);
  });

  it('char keeps characters that occur once', async () => {
    const tokenizer = await trainTokenizer(['天地玄黄'], { kind: 'char', ...options });
    expect(tokenizer.encode('黄').ids).not.toEqual([tokenizer.unkTokenId]);
  });
});

it('bytes stand for characters that are not in the alphabet, and come back', async () => {
  const tokenizer = await trainTokenizer(lines, { kind: 'llama-bpe', vocabSize: 400, limitAlphabet: 40 });
  const bytes = tokenizer.encode('夜').tokens.filter(token => token.startsWith('<0x'));
  expect(bytes).toEqual(['<0xE5>', '<0xA4>', '<0x9C>']);
  expect(tokenizer.decode(tokenizer.encode('夜里 night\n').ids, { skipSpecialTokens: true })).toBe('夜里 night\n');
});

describe('like another tokenizer', () => {
  it.each([
    'bpe',
    'wordpiece',
    'unigram',
    'llama-bpe',
    'wordlevel',
  ] as const)('%s: trains the same as the kind itself', async kind => {
    const options = { vocabSize: 450, threads: 1 };
    const first = await trainTokenizer(['other words altogether'], { kind, ...options });
    // `like` takes texts as they are; a line end is a character there.
    const texts = lines.map(line => line.trimEnd());
    const again = await trainTokenizer(texts, { like: first.toJSON(), ...options });
    expect(again.toJSON()).toEqual((await trainTokenizer(texts, { kind, ...options })).toJSON());
  });

  it('puts special tokens that are missing first, and numbers those of the post-processor anew', async () => {
    const like = (await trainTokenizer(lines, { kind: 'wordpiece' })).toJSON();
    const tokenizer = await trainTokenizer(lines, { like, specialTokens: ['<new>', '[UNK]', '[SEP]', '[CLS]'] });
    expect(tokenizer.encode('').ids).toEqual([5, 4]);
  });
});

it.each([
  [{ kind: 'unigram', minFrequency: 3 }, /'minFrequency' means nothing for the kind 'unigram'/],
  [{ kind: 'wordpiece', split: 'gpt4' }, /'split' means nothing/],
  [{ kind: 'bpe', limitAlphabet: 3 }, /'limitAlphabet' means nothing/],
  [{ kind: 'wordpiece', vocabSize: 50 }, /vocabulary of 50 is too small/],
  [{ kind: 'unigram', vocabSize: 50 }, /vocabulary of 50 is too small/],
  [{ kind: 'unigram', like: {} }, /exclude each other/],
  [{ like: { model: { type: 'Other' } } }, /model 'Other' cannot be trained/],
] as [object, RegExp][])('refuses %j', async (options, message) => {
  await expect(trainTokenizer(lines, options)).rejects.toThrow(message);
});

itShared(
  'data/tinyshakespeare/input.txt',
  'unigram is the same in one thread and in several',
  async path => {
    const texts = readFileSync(path, 'utf8').match(/.*\n/g)!;
    const train = (threads: number) => trainTokenizer(texts, { kind: 'unigram', vocabSize: 4000, threads });
    expect((await train(3)).toJSON()).toEqual((await train(1)).toJSON());
  },
  120_000,
);
