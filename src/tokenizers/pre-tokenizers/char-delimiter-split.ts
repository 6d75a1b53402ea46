/** The pre-tokenizer `CharDelimiterSplit` of tokenizer.json. */
import { z } from 'zod';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { escapeRegExp, isOneCharacter } from '../unicode/unicode.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { splitAtMatches } from './split-behavior.ts';

const schema = z.strictObject({
  type: z.literal('CharDelimiterSplit'),
  delimiter: z.string().refine(isOneCharacter, 'one character is expected'),
});

/** Splits at a character, which is dropped. */
export const createCharDelimiterSplit: Factory<PreTokenizer> = (config, where) => {
  const { delimiter } = parseConfig(schema, config, where);
  const pattern = new RegExp(escapeRegExp(delimiter), 'gu');
  return { split: text => splitAtMatches(text, pattern, 'Removed') };
};
