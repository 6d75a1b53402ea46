/** The pre-tokenizer `Split` of tokenizer.json. */
import { z } from 'zod';
import { type Factory, parseConfig, patternSchema } from '../folders/tokenizer-json.ts';
import { compilePattern } from '../regex/pattern.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { splitAtMatches, splitBehaviorSchema } from './split-behavior.ts';

export const splitSchema = z.strictObject({
  type: z.literal('Split'),
  pattern: patternSchema,
  behavior: splitBehaviorSchema,
  invert: z.boolean(),
});

/** Splits at a pattern. */
export const createSplit: Factory<PreTokenizer> = (config, where) => {
  const { pattern, behavior, invert } = parseConfig(splitSchema, config, where);
  const regex = compilePattern(pattern, where);
  return { split: text => splitAtMatches(text, regex, behavior, invert) };
};
