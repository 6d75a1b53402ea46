/** The pre-tokenizer `ByteLevel` of tokenizer.json. */
import { z } from 'zod';
import { toByteChars } from '../byte-alphabet.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { prependText } from '../normalizers/prepend.ts';
import { compilePattern } from '../regex/pattern.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { splitAtMatches } from './split-behavior.ts';

/** The pattern of GPT-2 (Radford et al. 2019). */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** `trim_offsets` matters to the post-processor of the same name only. */
export const byteLevelSchema = z.strictObject({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.boolean(),
  trim_offsets: z.boolean(),
  use_regex: z.boolean().default(true),
});

/** Splits as GPT-2 does, then writes each byte as one character. */
export const createByteLevel: Factory<PreTokenizer> = (config, where) => {
  const { add_prefix_space: addPrefixSpace, use_regex: useRegex } = parseConfig(byteLevelSchema, config, where);
  const regex = compilePattern({ Regex: GPT2_PATTERN }, where);
  return {
    split(text) {
      const whole = addPrefixSpace && !text.text.startsWith(' ') ? prependText(text, ' ') : text;
      const pieces = useRegex ? splitAtMatches(whole, regex, 'Isolated') : [whole];
      return pieces.map(piece => piece.mapCodePoints(toByteChars));
    },
  };
};
