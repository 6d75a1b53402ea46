/** Regular expressions in Oniguruma's syntax, against Oniguruma itself in Hugging Face's native package. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { both, changed, type Json } from '../pipelines.ts';

/** Splits with a pattern and writes the pre-tokens as they are: one token each. */
const splitter = (Regex: string): Json =>
  changed('byte_bpe_gpt2', json => {
    json.pre_tokenizer = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
    json.model = { type: 'WordLevel', vocab: { '?': 0 }, unk_token: '?' };
    json.added_tokens = [];
    json.post_processor = null;
  });

const PATTERNS = [
  ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  '[a-z&&[^aeiou]]+',
  '[^a-z&&[^aeiou]0-9]+',
  '[[:alpha:]]+|[[:^space:]]',
  '[[:upper:][:digit:]]+',
  '[\\W&&\\S]+',
  '\\b\\w+\\b',
  'o\\B',
  '(?i)the|AN',
  'x(?i)y|z',
  '(?<name>a|b)+c',
  'a{,2}b',
  'l{2}o?',
  '[\\]\\[()*+.,:;<=>@!#$%&{}|~^`"\'/-]',
  '[]a]+',
  '\\h+\\H',
  'l{2}+o',
  '[0-9]{3}+',
  '\\A\\p{Nd}{1,2}(?=\\p{Nd}{3}+\\z)',
  'a{2}?b',
  'a{1,2}+b',
  'o+?+',
  '\\G[0-9a]{2}',
  '\\G[0-9]+|the|\\Gc',
  '(?:\\G|o)l|(?=\\Ga)a',
  '[[:word:]&&[:^digit:]]+',
  '[^[:punct:]]+',
  '(?m:.){3}',
  '\\p{Word}+?.',
  'c\\Z',
  '\\p{Word}+|\\p{punct}',
  '\\p{^alpha}',
  '\\p{han}+|\\P{Upper case}',
  '(?i:[a-f]+)',
  '(?i)[^a-d0-9x]+',
  '([-!.,])\\1*',
  '(?<x>[a-z])\\k<x>',
  '(?:(l)\\1|(o))+',
  '(?m:c.+)',
  '(?x) t h e # the article',
  'a(?#a comment)b',
  '(?mi-x:T.)',
  '\\R',
  '[[:punct:]]+',
  '[[:graph:]]+|[[:print:]]',
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
];

const text = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'b',
        'c',
        'e',
        'llo',
        'o',
        'the',
        'THE',
        'An',
        'xy',
        'xY',
        'Z',
        'z',
        ' ',
        '  ',
        '\n',
        '.',
        ',',
        '…',
        '。',
      ],
      ...[
        '0',
        '9',
        '٣',
        '½',
        '_',
        '-',
        ']',
        '[',
        '(',
        ')',
        '*',
        '&',
        '|',
        '^',
        '"',
        "'",
        'é',
        '中',
        '😀',
        "'S",
        '\u00a0',
      ],
    ),
    { maxLength: 12 },
  )
  .map(parts => parts.join(''));

it.each(PATTERNS)('%s', async pattern => {
  const { ours, native } = both(splitter(pattern));
  await fc.assert(
    fc.asyncProperty(text, async input => {
      expect(ours.encode(input).offsets).toEqual((await native.encode(input)).getOffsets());
    }),
    { numRuns: process.env.TSLM_LONG ? 1000 : 200 },
  );
});

describe('what has no translation is an error', () => {
  it.each([
    '(',
    'a)',
    '[a',
    'a\\G',
    '(?<=\\G..)a',
    '(?:\\Gab)+',
    'a\\Kb',
    '\\X',
    '(?~ab)',
    '(?<a>b)\\g<a>',
    '\\1(a)',
    '(?i)(a)\\1',
    '[[:nothing:]]',
    '\\p{Nothing}',
    '*a',
    '(?<=a*)b+\\1',
  ])('%s', pattern => {
    expect(() => Tokenizer.fromJSON(splitter(pattern))).toThrow(expect.objectContaining({ name: 'UserError' }));
  });
});
