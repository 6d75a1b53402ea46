import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { changed, fixtureFolder, fixtureJson, type Json, splitThenBytes } from './pipelines.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (change: (json: Json) => void) => () => Tokenizer.fromJSON(changed('byte_bpe_gpt2', change), 'x.json');

describe('a file that cannot be used is one clear error', () => {
  it.each<[string, (json: Json) => void, RegExp]>([
    [
      'an unknown model',
      j => Object.assign(j.model, { type: 'Byte' }),
      /^x\.json: model: model 'Byte' is not supported$/,
    ],
    [
      'an unknown pre-tokenizer',
      j => Object.assign(j, { pre_tokenizer: { type: 'UnicodeScript' } }),
      /'UnicodeScript' is not supp/,
    ],
    ['an unknown key of the file', j => Object.assign(j, { colour: 1 }), /^x\.json: Unrecognized key/],
    ['a missing key', j => Reflect.deleteProperty(j, 'added_tokens'), /^x\.json: 'added_tokens': /],
    ['another version', j => Object.assign(j, { version: '2.0' }), /^x\.json: 'version': /],
    ['an id that is no number', j => Object.assign(j.model.vocab, { a: '7' }), /'vocab': token "a" has the id "7"/],
    [
      'a merge of one token',
      j => Object.assign(j.model.merges, { 3: 'ab' }),
      /'merges\.3': two tokens are expected, not "ab"/,
    ],
    [
      'a merge of unknown tokens',
      j => Object.assign(j.model.merges, { 0: ['no', 't'] }),
      /'merges\.0': token "no" is not in/,
    ],
    ['an impossible dropout', j => Object.assign(j.model, { dropout: 1.5 }), /model \(BPE\): 'dropout': /],
    [
      'a pattern without translation',
      j => Object.assign(j, { pre_tokenizer: splitThenBytes({ Regex: 'a\\Gb' }) }),
      /the regular expression a\\Gb cannot be translated: \\G/,
    ],
    [
      'a template without its token',
      j => Object.assign(j, { post_processor: template('[X]') }),
      /'special_tokens' lacks "\[X\]"/,
    ],
  ])('%s', (_name, change, message) => {
    expect(open(change)).toThrow(
      expect.objectContaining({ name: 'UserError', message: expect.stringMatching(message) }),
    );
  });

  it('that is missing, cut off or of another kind', () => {
    expect(() => Tokenizer.fromFile(join(folder, 'none'))).toThrow(/none: no such file/);
    writeFileSync(join(folder, 'cut.json'), '{"version": "1.0", ');
    expect(() => Tokenizer.fromFile(join(folder, 'cut.json'))).toThrow(/cut\.json: not valid JSON/);
    expect(() => Tokenizer.fromJSON([])).toThrow(expect.objectContaining({ code: 'TSLM_BAD_TOKENIZER' }));
  });
});

const template = (id: string) => ({
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: {},
});

describe('a tokenizer', () => {
  const tokenizer = Tokenizer.fromFile(fixtureFolder('byte_bpe_qwen2'));

  it('is the same after saving and opening', () => {
    tokenizer.save(folder);
    const again = Tokenizer.fromFile(folder);
    expect(again.toJSON()).toEqual(fixtureJson('byte_bpe_qwen2'));
    expect(again.config).toEqual(tokenizer.config);
    expect(again.eosTokenId).toBe(2);
  });

  it('leaves ids out that it does not have', () => {
    expect(tokenizer.decode([...tokenizer.encodeIds('a b'), 99999])).toBe('a b');
    expect(tokenizer.idToToken(99999)).toBeUndefined();
    expect(tokenizer.tokenToId('no such token')).toBeUndefined();
  });

  it('streams what is no UTF-8 as decoding does', () => {
    const ids = [...tokenizer.encodeIds('é中😀')];
    for (const broken of [ids.slice(0, -1), ids.slice(1), [ids[1], ids[0]]]) {
      const stream = tokenizer.decodeStream();
      const text = broken.map(id => stream.push(id)).join('') + stream.end();
      expect(text).toBe(tokenizer.decode(broken));
    }
  });

  it('refuses to pad or cut without what it needs', () => {
    const bare = Tokenizer.fromJSON(fixtureJson('byte_bpe_qwen2'));
    expect(() => bare.encodeBatch(['a'], { padding: true })).toThrow(/padding needs a pad token/);
    expect(() => bare.encode('a', { truncation: true })).toThrow(/truncation needs a length/);
    expect(() => bare.encode('a b c d e', { truncation: true, maxLength: 3, stride: 3 })).toThrow(/a stride of 3/);
  });
});

describe('what stands around a pair', () => {
  it('is BERT’s, with a segment for each token', () => {
    const bert = Tokenizer.fromFile('test/fixtures/tokenizers/wordpiece_bert');
    const [cls, sep] = ['[CLS]', '[SEP]'].map(token => bert.tokenToId(token)!);
    expect(bert.specialTokensAroundPair()).toEqual({
      before: { ids: [cls], types: [0] },
      between: { ids: [sep], types: [0] },
      after: { ids: [sep], types: [1] },
      types: [0, 1],
    });
    expect(bert.maskTokenId).toBe(bert.tokenToId('[MASK]'));
  });

  it('is RoBERTa’s, with two tokens between', () => {
    const roberta = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_roberta');
    const { before, between, after } = roberta.specialTokensAroundPair();
    expect([before, between, after].map(({ ids }) => ids.length)).toEqual([1, 2, 1]);
  });
});

it('an encoding shows what is in it', () => {
  const encoding = open(() => {})().encode('Hello');
  const text = inspect(encoding);
  expect(text).toMatch(/^Encoding \{/);
  for (const part of ['ids', 'tokens', 'offsets', String(encoding.ids[0])]) expect(text).toContain(part);
});
