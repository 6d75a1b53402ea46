/** Files that were changed at random, or written to do harm: each opens and works, or is one clear error. */
import { afterEach, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/support/random.ts';
import { regexLimit } from '../../src/tokenizers/regex/time-limit.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { changed, type Json, PIPELINES, splitThenBytes } from './pipelines.ts';

const JUNK: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 31 - 1,
  '',
  'a',
  '\ud800',
  '__proto__',
  '[',
  [],
  [[]],
  ['a', 'b', 'c'],
  {},
  { type: 'BPE' },
  { type: 'Sequence' },
  { type: 'ByteLevel' },
  { Regex: '(' },
  { Regex: '' },
  { String: '' },
];

/** Changes one place of a tree of JSON, more often a high one than a deep one. */
function mutate(json: Json, random: Random): void {
  let parent = json;
  for (;;) {
    const keys = Object.keys(parent);
    if (keys.length === 0) return;
    const key = keys[random.below(keys.length)];
    const child = parent[key];
    if (typeof child === 'object' && child !== null && random.next() < 0.75) {
      parent = child;
      continue;
    }
    const choice = random.below(4);
    if (choice === 0 && !Array.isArray(parent)) delete parent[key];
    else if (choice === 1 && Array.isArray(parent)) parent.splice(Number(key), 1);
    else if (choice === 2) parent[keys[random.below(keys.length)]] = child;
    else parent[key] = structuredClone(JUNK[random.below(JUNK.length)]);
    return;
  }
}

const TEXTS = ['', 'Hello, world! <mask> naïve 中文 😀', '  a\tb\n'];

const work = (json: Json): void => {
  const tokenizer = Tokenizer.fromJSON(json, 'x.json');
  for (const text of TEXTS) {
    const { ids } = tokenizer.encode(text, { pair: text });
    tokenizer.encodeIds(text);
    tokenizer.decode(ids);
  }
};

it.each(Object.entries(PIPELINES))('%s, changed at random', (_name, json) => {
  const random = createRandom(7);
  const rounds = process.env.TSLM_LONG ? 120 : 40;
  for (let round = 0; round < rounds; round++) {
    const mutant = structuredClone(json);
    const changes = 1 + random.below(3);
    for (let i = 0; i < changes; i++) mutate(mutant, random);
    try {
      work(mutant);
    } catch (error) {
      const described = JSON.stringify({ ...mutant, model: { ...mutant.model, vocab: '…', merges: '…' } }).slice(
        0,
        3000,
      );
      expect(error, described).toMatchObject({ name: 'UserError', message: expect.not.stringContaining('\n') });
    }
  }
});

it('that nests too deeply', () => {
  let normalizer: Json = { type: 'NFC' };
  for (let i = 0; i < 20_000; i++) normalizer = { type: 'Sequence', normalizers: [normalizer] };
  expect(() => work({ ...PIPELINES.BERT, normalizer })).toThrow(/nest/);
});

describe('expressions that backtrack for ever', () => {
  const { milliseconds } = regexLimit;
  afterEach(() => {
    regexLimit.milliseconds = milliseconds;
  });
  const pattern = { Regex: '(a+)+\\z' };
  const text = `${'a'.repeat(60)}b`;
  const ended = expect.objectContaining({ code: 'TSLM_SLOW_PATTERN' });

  it.each([
    ['in a split', { pre_tokenizer: { type: 'Split', pattern, behavior: 'Isolated', invert: false } }],
    ['before bytes', { pre_tokenizer: splitThenBytes(pattern) }],
    ['in a normalizer', { normalizer: { type: 'Replace', pattern, content: '' } }],
  ])('%s', (_where, change) => {
    regexLimit.milliseconds = 100;
    const tokenizer = Tokenizer.fromJSON(changed('byte_bpe_gpt2', json => Object.assign(json, change)));
    expect(() => tokenizer.encodeIds(text)).toThrow(ended);
    expect(() => tokenizer.encode(text)).toThrow(ended);
    expect(tokenizer.encode('b').ids.length).toBe(1);
  });

  it('in a decoder', () => {
    regexLimit.milliseconds = 100;
    const json = changed('bpe_llama', file => {
      file.decoder.decoders.push({ type: 'Replace', pattern, content: '' });
    });
    const tokenizer = Tokenizer.fromJSON(json);
    expect(() => tokenizer.decode(tokenizer.encodeIds(text))).toThrow(ended);
  });

  it('in the content of an added token', () => {
    regexLimit.milliseconds = 100;
    const json = changed('byte_bpe_gpt2', file => {
      file.normalizer = { type: 'Replace', pattern, content: '' };
      file.added_tokens.push({ ...file.added_tokens[0], id: 999, content: text, normalized: true });
    });
    expect(() => Tokenizer.fromJSON(json)).toThrow(ended);
  });
});

it('long runs of white space take no longer than their length', () => {
  const spaces = ' '.repeat(200_000);
  const json = changed('wordpiece_bert', file => {
    file.normalizer = { type: 'Strip', strip_left: true, strip_right: true };
    Object.assign(file.added_tokens[4], { lstrip: true, rstrip: true, single_word: true });
  });
  expect(Tokenizer.fromJSON(json).encode(`a${spaces}[MASK]${spaces}b`, { addSpecialTokens: false }).tokens).toEqual([
    'a',
    expect.stringMatching(/^ +\[MASK\] +$/),
    'b',
  ]);
});
