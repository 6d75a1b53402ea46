/** What tokenizer_config.json, and the parts of tokenizer.json that give defaults, change. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { changed, fixtureJson, type Json } from '../pipelines.ts';

const open = (name: string, config: Json): Tokenizer => Tokenizer.fromJSON(fixtureJson(name), 'tokenizer.json', config);

describe('bos and eos', () => {
  const special = { bos_token: '<s>', eos_token: '</s>' };
  const tokens = (config: Json): string[] =>
    open('bpe_llama', { ...special, ...config }).encode('a', { pair: 'b' }).tokens;

  it('come from the post-processor where the configuration is silent', () => {
    expect(tokens({})).toEqual(['<s>', '▁a', '<s>', '▁b']);
  });
  it('come from the configuration where it says anything', () => {
    expect(tokens({ add_bos_token: false })).toEqual(['▁a', '▁b']);
    expect(tokens({ add_eos_token: true })).toEqual(['▁a', '</s>', '▁b', '</s>']);
    expect(tokens({ add_bos_token: true, add_eos_token: true })).toEqual(['<s>', '▁a', '</s>', '<s>', '▁b', '</s>']);
  });
  it('come from the class where it has a default', () => {
    expect(tokens({ tokenizer_class: 'LlamaTokenizer', add_eos_token: false })).toEqual(['<s>', '▁a', '<s>', '▁b']);
  });
  it('are given types', () => {
    const tokenizer = open('bpe_llama', { ...special, add_bos_token: true, add_eos_token: true });
    expect(tokenizer.encode('a', { pair: 'b' }).typeIds).toEqual([0, 0, 0, 1, 1, 1]);
  });
});

it('case, accents and ideographs of BERT', () => {
  const tokens = (config: Json): string[] =>
    open('wordpiece_bert', config).encode('É是 a', { addSpecialTokens: false }).tokens;
  expect(tokens({})).toEqual(['e', '是', 'a']);
  expect(tokens({ tokenize_chinese_chars: false })).toEqual(['[UNK]', 'a']);
  expect(tokens({ do_lower_case: false })).toEqual(['[UNK]', '是', 'a']);
  expect(tokens({ strip_accents: false })).toEqual(['[UNK]', '是', 'a']);
});

it('the prefix space of byte-level classes', () => {
  const tokens = (config: Json): string[] =>
    open('byte_bpe_roberta', config).encode('a', { addSpecialTokens: false }).tokens;
  expect(tokens({ tokenizer_class: 'RobertaTokenizer', add_prefix_space: true })).toEqual(['Ġa']);
  expect(tokens({ tokenizer_class: 'PreTrainedTokenizerFast', add_prefix_space: true })).toEqual(['a']);
});

it('added tokens that tokenizer.json lacks get the ids that follow', () => {
  const token = (content: string) => ({ content, lstrip: false, normalized: false, rstrip: false, special: true });
  const tokenizer = open('byte_bpe_gpt2', {
    added_tokens_decoder: { 501: token('<b>'), 500: token('<a>'), 0: token('<|endoftext|>') },
    pad_token: '<a>',
  });
  expect(tokenizer.encode('x<b><a>').ids.slice(1)).toEqual([501, 500]);
  expect(tokenizer.vocabSize).toBe(502);
  expect(tokenizer.padTokenId).toBe(500);
  expect(tokenizer.decode([501, 500], { skipSpecialTokens: true })).toBe('');
});

describe('padding', () => {
  it('has the side and the type of the class', () => {
    const xlnet = open('unigram_t5', { tokenizer_class: 'XLNetTokenizerFast', pad_token: '<pad>' });
    const [short] = xlnet.encodeBatch(['', 'The'], { padding: true });
    expect([short.ids, short.typeIds]).toEqual([
      [0, 1],
      [3, 0],
    ]);
  });

  it('has the defaults of tokenizer.json', () => {
    const json = changed('unigram_t5', file => {
      file.padding = {
        strategy: { Fixed: 4 },
        direction: 'Left',
        pad_to_multiple_of: null,
        pad_id: 0,
        pad_type_id: 2,
        pad_token: '<pad>',
      };
      file.truncation = { direction: 'Left', max_length: 2, strategy: 'LongestFirst', stride: 0 };
    });
    const tokenizer = Tokenizer.fromJSON(json);
    expect(tokenizer.encode('The').ids.length).toBe(2);
    const [padded] = tokenizer.encodeBatch(['The'], { padding: 'max_length', maxLength: 4 });
    expect([padded.ids.slice(0, 2), padded.typeIds]).toEqual([
      [0, 0],
      [2, 2, 0, 0],
    ]);
    expect(tokenizer.encode('The a', { truncation: true, maxLength: 2 }).tokens).toEqual(['▁a', '</s>']);
  });

  it('takes a huge model_max_length for none', () => {
    const tokenizer = open('unigram_t5', { pad_token: '<pad>', model_max_length: 1e30 });
    expect(() => tokenizer.encodeBatch(['a'], { padding: 'max_length' })).toThrow(/needs a length/);
    expect(() => tokenizer.encode('a', { truncation: true })).toThrow(/needs a length/);
  });
});

it('cleaning up spaces, not for byte pair encoding', () => {
  const config = { clean_up_tokenization_spaces: true };
  const unigram = open('unigram_t5', config);
  const ids = unigram.encodeIds("do n't , I ' m");
  expect(unigram.decode(ids)).toBe("don't, I'm");
  expect(unigram.decode(ids, { cleanUpTokenizationSpaces: false })).toBe("do n't , I ' m");
  const bpe = open('byte_bpe_gpt2', config);
  expect(bpe.decode(bpe.encodeIds('a , b'))).toBe('a , b');
  expect(bpe.decode(bpe.encodeIds('a , b'), { cleanUpTokenizationSpaces: true })).toBe('a, b');
});

describe('a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tslm-tokenizer-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: Json): void =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));

  it('gives special tokens of the older map, and templates of their own files', () => {
    write('tokenizer.json', fixtureJson('bpe_llama'));
    write('special_tokens_map.json', { bos_token: { content: '<s>', lstrip: false }, eos_token: '<unk>' });
    write('tokenizer_config.json', { eos_token: '</s>', chat_template: 'old' });
    let tokenizer = Tokenizer.fromFile(folder);
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId]).toEqual([1, 2]);
    expect(tokenizer.applyChatTemplate([])).toBe('old');
    write('chat_template.jinja', '{{ bos_token }}{{ messages[0].content }}\n');
    mkdirSync(join(folder, 'additional_chat_templates'));
    write('additional_chat_templates/rag.jinja', 'rag');
    tokenizer = Tokenizer.fromFile(folder);
    expect(tokenizer.applyChatTemplate([{ role: 'user', content: 'x' }])).toBe('<s>x');
    expect(tokenizer.applyChatTemplate([], { chatTemplate: 'rag' })).toBe('rag');
  });

  it('is saved with them', () => {
    const saved = join(folder, 'saved');
    mkdirSync(saved);
    const tokenizer = Tokenizer.fromFile(folder);
    tokenizer.save(saved);
    expect(readFileSync(join(saved, 'additional_chat_templates/rag.jinja'), 'utf8')).toBe('rag');
    expect(JSON.parse(readFileSync(join(saved, 'tokenizer_config.json'), 'utf8')).chat_template).toBeUndefined();
    expect(Tokenizer.fromFile(saved).config).toEqual(tokenizer.config);
  });

  it('with a malformed configuration is one error', () => {
    write('tokenizer_config.json', { padding_side: 'top' });
    expect(() => Tokenizer.fromFile(folder)).toThrow(/tokenizer_config\.json: 'padding_side'/);
  });
});

describe('tokens that tokenizer.json lacks', () => {
  const json = fixtureJson('byte_bpe_gpt2');
  const size = Object.keys(json.model.vocab).length;
  const open = (config: object) => Tokenizer.fromJSON(json, 'x.json', config);

  it('get the ids after the vocabulary: those of a file first, then those that are only named, in the order of their names', () => {
    const tokenizer = open({
      pad_token: '[PAD]',
      bos_token: '[B]',
      additional_special_tokens: ['<u>'],
      added_tokens_decoder: { [size]: { content: '<z>', special: true } },
    });
    expect(tokenizer.encode('<z>[B][PAD]<u>', { addSpecialTokens: false }).ids).toEqual(
      [0, 1, 2, 3].map(i => size + i),
    );
    expect([tokenizer.padTokenId, tokenizer.bosTokenId, tokenizer.vocabSize]).toEqual([size + 2, size + 1, size + 4]);
    expect(tokenizer.decode([size + 2], { skipSpecialTokens: true })).toBe('');
  });

  it('are text like any other where special tokens are to be split', () => {
    const text = '<|endoftext|>';
    const { ids } = open({ split_special_tokens: true }).encode(text);
    expect(ids.length).toBeGreaterThan(3);
    expect(open({}).encode(text).ids).toEqual([0]);
    expect(open({ split_special_tokens: true }).decode(ids)).toBe(text);
  });
});

describe('keys of tokenizer.json that are not known', () => {
  it.each<[string, (j: Json) => void, string]>([
    ['model', j => (j.model.colour = 1), "x.json: model (BPE): unknown key 'colour' has no effect"],
    [
      'pre_tokenizer',
      j => (j.pre_tokenizer.colour = 1),
      "x.json: pre_tokenizer (ByteLevel): unknown key 'colour' has no effect",
    ],
    ['added_tokens', j => (j.added_tokens[0].colour = 1), "x.json: unknown key 'added_tokens.0.colour' has no effect"],
  ])('of %s are passed over with a warning', (_part, change, message) => {
    const warnings: string[] = [];
    const onWarning = (warning: string): number => warnings.push(warning);
    const odd = Tokenizer.fromJSON(changed('byte_bpe_gpt2', change), 'x.json', {}, { onWarning });
    expect([...new Set(warnings)]).toEqual([message]);
    expect(odd.encode('Hello').ids).toEqual(Tokenizer.fromJSON(fixtureJson('byte_bpe_gpt2')).encode('Hello').ids);
  });
});
