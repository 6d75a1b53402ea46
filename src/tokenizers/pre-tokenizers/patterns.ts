/** The pre-tokenizers `WhitespaceSplit`, `Whitespace`, `Digits` and `Punctuation` of tokenizer.json. */
import { z } from 'zod';
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { PUNCTUATION } from '../unicode/categories.ts';
import { RUST_WORD } from '../unicode/unicode.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { type SplitBehavior, splitAtMatches, splitBehaviorSchema } from './split-behavior.ts';

/** Pre-tokenizers that are one fixed pattern. */

const splitter = (regex: RegExp, behavior: SplitBehavior, invert = false): PreTokenizer => ({
  split: text => splitAtMatches(text, regex, behavior, invert),
});

/** Splits at each character of white space, which is dropped. */
export const createWhitespaceSplit: Factory<PreTokenizer> = (config, where) => {
  parseConfig(bare('WhitespaceSplit'), config, where);
  return splitter(/\p{White_Space}/gu, 'Removed');
};

/** Words, and runs of other characters; white space is dropped. */
export const createWhitespace: Factory<PreTokenizer> = (config, where) => {
  parseConfig(bare('Whitespace'), config, where);
  const pattern = `[${RUST_WORD}]+|[^${RUST_WORD}\\p{White_Space}]+`;
  return splitter(new RegExp(pattern, 'gu'), 'Removed', true);
};

const digitsSchema = z.strictObject({ type: z.literal('Digits'), individual_digits: z.boolean() });

/** Sets numbers apart, whole or digit by digit. */
export const createDigits: Factory<PreTokenizer> = (config, where) => {
  const { individual_digits: individual } = parseConfig(digitsSchema, config, where);
  return splitter(/\p{N}/gu, individual ? 'Isolated' : 'Contiguous');
};

const punctuationSchema = z.strictObject({
  type: z.literal('Punctuation'),
  behavior: splitBehaviorSchema.default('Isolated'),
});

/** Splits at punctuation: Unicode's, and all ASCII characters that are neither letter, digit nor space. */
export const createPunctuation: Factory<PreTokenizer> = (config, where) => {
  const { behavior } = parseConfig(punctuationSchema, config, where);
  return splitter(new RegExp(PUNCTUATION, 'gu'), behavior);
};
