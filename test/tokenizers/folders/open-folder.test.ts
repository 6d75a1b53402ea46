/** Tokenizers from folders without tokenizer.json: they must be those that tokenizer.json describes. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { fixtureFolder, fixtureJson, type Json } from '../pipelines.ts';

const root = mkdtempSync(join(tmpdir(), 'tslm-folders-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function folder(files: Record<string, Json>): string {
  const path = mkdtempSync(join(root, 'f'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return path;
}

const TEXTS = ['', 'Hello, world!', ' naïve CAFÉ  中文 😀 <mask> [MASK]', "it's 1,234 <s> words</s> <|endoftext|>"];

function expectSame(got: Tokenizer, want: Tokenizer): void {
  expect(got.vocabSize).toBe(want.vocabSize);
  for (const text of TEXTS) {
    expect(got.encode(text, { pair: text }).toJSON()).toEqual(want.encode(text, { pair: text }).toJSON());
    const ids = want.encode(text).ids;
    expect(got.decode(ids)).toBe(want.decode(ids));
  }
}

/** Tokens in the order of their ids. */
const lines = (vocab: Record<string, number>): string[] =>
  Object.entries(vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);

it('vocab.txt is BERT', () => {
  const vocab = lines(fixtureJson('wordpiece_bert').model.vocab);
  const tokenizer = Tokenizer.fromFile(fixtureFolder('wordpiece_bert'));
  expectSame(Tokenizer.fromFile(folder({ 'vocab.txt': `${vocab.join('\n')}\n` })), tokenizer);
  const cased = Tokenizer.fromFile(
    folder({
      'vocab.txt': vocab.join('\r\n'),
      'tokenizer_config.json': { do_lower_case: false, model_max_length: 512 },
    }),
  );
  expect(cased.encode('The the', { addSpecialTokens: false }).tokens).toEqual(['[UNK]', 'the']);
  expect([cased.padTokenId, cased.unkTokenId]).toEqual([0, 1]);
});

it.each([
  ['byte_bpe_gpt2', 'gpt2'],
  ['byte_bpe_roberta', 'roberta'],
  ['byte_bpe_qwen2', 'qwen2'],
])('vocab.json and merges.txt are %s', (name, modelType) => {
  const { model, added_tokens } = fixtureJson(name);
  const config = JSON.parse(readFileSync(join(fixtureFolder(name), 'tokenizer_config.json'), 'utf8'));
  const vocab = { ...model.vocab };
  for (const { content, id } of added_tokens) vocab[content] = id;
  const files = {
    'vocab.json': vocab,
    'merges.txt': `#version: 0.2\n${model.merges.map((merge: Json) => [merge].flat().join(' ')).join('\n')}\n`,
    'config.json': { model_type: modelType },
    'tokenizer_config.json': {
      ...config,
      added_tokens_decoder: Object.fromEntries(added_tokens.map((token: Json) => [String(token.id), token])),
    },
  };
  expectSame(Tokenizer.fromFile(folder(files)), Tokenizer.fromFile(fixtureFolder(name)));
});

describe('SentencePiece models', () => {
  const models = 'test/fixtures/tokenizers/sentencepiece';
  const golden: Record<string, { text: string; ids: number[] }[]> = JSON.parse(
    readFileSync(join(models, 'golden.json'), 'utf8'),
  );
  const open = (model: string, file: string, config: Json): Tokenizer => {
    const path = folder({ 'tokenizer_config.json': config });
    copyFileSync(join(models, `${model}.model`), join(path, file));
    return Tokenizer.fromFile(path);
  };

  it.each([
    ['unigram', 'spiece.model', 'BigBirdTokenizer'],
    ['unigram_bytes', 'sentencepiece.bpe.model', 'OtherTokenizerFast'],
    ['bpe', 'tokenizer.model', 'LlamaTokenizer'],
  ])('%s in %s', (model, file, tokenizer_class) => {
    const tokenizer = open(model, file, { tokenizer_class });
    for (const { text, ids } of golden[model]) expect([...tokenizer.encodeIds(text)], text).toEqual(ids);
  });

  it('with the special tokens of each family', () => {
    const t5 = open('unigram', 'spiece.model', { tokenizer_class: 'T5Tokenizer', extra_ids: 2 });
    expect(t5.encode('x', { pair: 'x' }).tokens).toEqual(['▁x', '</s>', '▁x', '</s>'].flatMap(splitX));
    expect(t5.tokenToId('<extra_id_0>')).toBe(t5.vocabSize - 1);
    const llama = open('bpe', 'tokenizer.model', { tokenizer_class: 'LlamaTokenizer', add_eos_token: true });
    expect(llama.encode('', { pair: '' }).tokens).toEqual(['<s>', '</s>', '<s>', '</s>']);
    expect(llama.encode('<sym>a').tokens).toEqual(['<s>', '<sym>', '▁a', '</s>']);
    expect(llama.decode(llama.encodeIds('Hello 😀'))).toBe('Hello 😀');
  });

  /** The pieces of `▁x` in this vocabulary. */
  const splitX = (token: string): string[] => (token === '▁x' ? ['▁', 'x'] : [token]);

  it('that are damaged', () => {
    const bytes = readFileSync(join(models, 'bpe.model'));
    for (const length of [0, 1, 100, bytes.length - 1]) {
      const path = folder({});
      writeFileSync(join(path, 'spiece.model'), bytes.subarray(0, length));
      expect(() => Tokenizer.fromFile(path)).toThrow(expect.objectContaining({ code: 'TSLM_BAD_TOKENIZER' }));
    }
  });
});

it('a folder without any is one error', () => {
  expect(() => Tokenizer.fromFile(folder({}))).toThrow(expect.objectContaining({ code: 'TSLM_NO_TOKENIZER' }));
});

describe('added_tokens.json, of folders before added_tokens_decoder', () => {
  const gpt2 = () => {
    const { vocab, merges } = fixtureJson('byte_bpe_gpt2').model;
    const size = Object.keys(vocab).length;
    return {
      size,
      files: {
        'vocab.json': vocab,
        'merges.txt': merges
          .map((merge: string | string[]) => (typeof merge === 'string' ? merge : merge.join(' ')))
          .join('\n'),
        'special_tokens_map.json': { pad_token: '<pad>', additional_special_tokens: ['<|user|>'] },
        'added_tokens.json': { '<|bot|>': size + 2, '<pad>': size, '<|user|>': size + 1 },
      },
    };
  };

  it('gives ids to tokens beside vocab.json', () => {
    const { size, files } = gpt2();
    const tokenizer = Tokenizer.fromFile(folder(files));
    const { ids } = tokenizer.encode('<|user|>a<|bot|>');
    expect([ids[0], ids.at(-1), ids.length]).toEqual([size + 1, size + 2, 3]);
    expect([tokenizer.padTokenId, tokenizer.vocabSize]).toEqual([size, size + 3]);
  });

  it('is not read where added_tokens_decoder stands', () => {
    const { size, files } = gpt2();
    const config = { added_tokens_decoder: { [size]: { content: '<|bot|>', special: true } } };
    const tokenizer = Tokenizer.fromFile(folder({ ...files, 'tokenizer_config.json': config }));
    expect(tokenizer.tokenToId('<|bot|>')).toBe(size);
  });

  it('gives ids to tokens beside vocab.txt, which are found after normalization', () => {
    const vocab = lines(fixtureJson('wordpiece_bert').model.vocab);
    const tokenizer = Tokenizer.fromFile(
      folder({
        'vocab.txt': vocab.join('\n'),
        'added_tokens.json': { '[E1]': vocab.length, '[E2]': vocab.length + 1 },
      }),
    );
    const { ids } = tokenizer.encode('[E1] the [e2]', { addSpecialTokens: false });
    expect([ids[0], ids.at(-1)]).toEqual([vocab.length, vocab.length + 1]);
  });

  it('that is damaged is an error that names it', () => {
    const { files } = gpt2();
    expect(() => Tokenizer.fromFile(folder({ ...files, 'added_tokens.json': { '<a>': 'x' } }))).toThrow(
      /added_tokens\.json/,
    );
  });
});
