/** Regular expressions in Oniguruma's syntax, against Oniguruma itself in Hugging Face's native package. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { both, changed, type Json } from './pipelines.ts';

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
    { numRuns: process.env.TSLM_LONG ? 5000 : 200 },
  );
});

describe('what has no translation is an error', () => {
  it.each([
    'a{2}?',
    'a{2}+',
    '(',
    'a)',
    '[a',
    '\\Gx',
    '[[:nothing:]]',
    '(?m)a',
    '\\p{Nothing}',
    '*a',
    '(?<=a*)b+\\1',
  ])('%s', pattern => {
    expect(() => Tokenizer.fromJSON(splitter(pattern))).toThrow(expect.objectContaining({ name: 'UserError' }));
  });
});
