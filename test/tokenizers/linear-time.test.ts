/**
 * No text takes time that grows with the square of its length: eight times the text takes about eight times as long, and
 * sixty-four times where something is quadratic. Time is that of this process, so that others do not count.
 */
import { describe, expect, it } from 'vitest';
import { AlignedText } from '../../src/tokenizers/aligned-text.ts';
import { createNormalizer } from '../../src/tokenizers/normalizers/create.ts';
import { createPreTokenizer } from '../../src/tokenizers/pre-tokenizers/create.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { wellFormed } from '../../src/tokenizers/unicode/unicode.ts';
import { ADVERSARIAL } from './adversarial.ts';
import { fixtureJson, type Json, PIPELINES } from './pipelines.ts';

/** Of the long texts, in characters; `TSLM_TEXT_LENGTH=100000` takes some minutes. */
const LENGTH = Number(process.env.TSLM_TEXT_LENGTH ?? (process.env.TSLM_LONG ? 12_000 : 8_000));
/** In milliseconds; below this, the clock says little. */
const LEAST = 100;
const ATTEMPTS = 4;
const MOST = 24;
/** Times as long for twice the text, where four would be quadratic. */
const MOST_OF_TWICE = 3;

const elapsed = (run: () => unknown): number => {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
};

/**
 * Whether it is linear in one of several attempts: compilation and garbage collection take time of their own. What grows out of the
 * processor's caches on the way may be slower by more than its length, and grows with it from there on.
 */
function isLinear(run: (text: string) => unknown, make: (length: number) => string): boolean {
  const [short, long, twice] = [LENGTH / 8, LENGTH, 2 * LENGTH].map(length => wellFormed(make(length)));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const time = elapsed(() => run(long));
    if (time < LEAST || time < MOST * elapsed(() => run(short))) return true;
    if (elapsed(() => run(twice)) < MOST_OF_TWICE * time) return true;
  }
  return false;
}

const slowOf = (run: (text: string) => unknown): string[] =>
  Object.entries(ADVERSARIAL).flatMap(([name, make]) => (isLinear(run, make) ? [] : [name]));

const NORMALIZERS: Json[] = [
  { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  { type: 'ByteLevel' },
  { type: 'Lowercase' },
  ...['NFC', 'NFD', 'NFKC', 'NFKD'].map(type => ({ type })),
  { type: 'Nmt' },
  fixtureJson('unigram_t5').normalizer.normalizers[0],
  { type: 'Prepend', prepend: '▁' },
  { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
  { type: 'Strip', strip_left: true, strip_right: true },
  { type: 'StripAccents' },
];

describe.each(NORMALIZERS.map(json => [json.type, json] as const))('normalizer %s', (_type, json) => {
  it('is linear', { timeout: 600_000 }, () => {
    const normalizer = createNormalizer(json, 'test');
    expect(slowOf(text => normalizer.normalize(AlignedText.of(text)))).toEqual([]);
  });
});

const PRE_TOKENIZERS: Json[] = [
  { type: 'BertPreTokenizer' },
  { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  { type: 'CharDelimiterSplit', delimiter: 'a' },
  { type: 'Digits', individual_digits: true },
  { type: 'Digits', individual_digits: false },
  { type: 'FixedLength', length: 5 },
  { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true },
  { type: 'Punctuation', behavior: 'Contiguous' },
  { type: 'Punctuation', behavior: 'MergedWithNext' },
  { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
  PIPELINES['GPT-4o'].pre_tokenizer,
  PIPELINES['possessive quantifiers'].pre_tokenizer,
  PIPELINES.DeepSeek.pre_tokenizer,
  { type: 'UnicodeScripts' },
  { type: 'Whitespace' },
  { type: 'WhitespaceSplit' },
];

describe.each(PRE_TOKENIZERS.map(json => [json.type, json] as const))('pre-tokenizer %s', (_type, json) => {
  it('is linear', { timeout: 600_000 }, () => {
    const preTokenizer = createPreTokenizer(json, 'test');
    expect(slowOf(text => preTokenizer.split(AlignedText.of(text)))).toEqual([]);
  });
});

const WHOLE = [
  'GPT-2',
  'Llama 3',
  'BERT',
  'T5',
  'ALBERT and XLNet',
  'Unigram over whole texts, spaces first',
  'Unigram with bytes for unknown characters',
  'Llama 2',
  'Gemma',
  'WordPiece with another prefix, split by length',
  'added tokens of every kind',
];

/** One of each kind of model; with `TSLM_LONG=1` all. */
const whole = process.env.TSLM_LONG ? WHOLE : WHOLE.filter((_, i) => i % 3 === 0);

describe.each(whole)('%s', name => {
  const tokenizer = Tokenizer.fromJSON(PIPELINES[name]);

  it('encodes and decodes in linear time', { timeout: 600_000 }, () => {
    const slow = slowOf(text => {
      const { ids, offsets } = tokenizer.encode(text);
      expect(offsets.length).toBe(ids.length);
      tokenizer.encodeIds(text);
      tokenizer.decode(ids);
    });
    expect(slow).toEqual([]);
  });

  it('decodes token by token in linear time', { timeout: 600_000 }, () => {
    const slow = slowOf(text => {
      const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
      for (const id of tokenizer.encodeIds(text)) stream.push(id);
      stream.end();
    });
    expect(slow).toEqual([]);
  });
});
