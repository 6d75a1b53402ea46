/** The normalizer `Strip` of tokenizer.json. */
import { z } from 'zod';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { isWhiteSpace } from '../unicode/unicode.ts';
import type { Normalizer } from './normalizer.ts';

const schema = z.strictObject({
  type: z.literal('Strip'),
  strip_left: z.boolean(),
  strip_right: z.boolean(),
});

/** Removes white space at the ends. */
export const createStrip: Factory<Normalizer> = (config, where) => {
  const { strip_left: left, strip_right: right } = parseConfig(schema, config, where);
  return {
    normalize(text) {
      let start = 0;
      let end = text.length;
      if (left) while (start < end && isWhiteSpace(text.text[start])) start++;
      if (right) while (end > start && isWhiteSpace(text.text[end - 1])) end--;
      return text.slice(start, end);
    },
  };
};
