/** The pre-tokenizer `FixedLength` of tokenizer.json. */
import { z } from 'zod';
import type { AlignedText } from '../aligned-text.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

const schema = z.strictObject({ type: z.literal('FixedLength'), length: z.int().positive().default(5) });

/** Pieces of n characters each; the last one may be shorter. */
export const createFixedLength: Factory<PreTokenizer> = (config, where) => {
  const { length } = parseConfig(schema, config, where);
  return {
    split(text) {
      const pieces: AlignedText[] = [];
      let start = 0;
      let end = 0;
      let count = 0;
      for (const char of text.text) {
        end += char.length;
        if (++count % length > 0) continue;
        pieces.push(text.slice(start, end));
        start = end;
      }
      if (start < end) pieces.push(text.slice(start, end));
      return pieces;
    },
  };
};
