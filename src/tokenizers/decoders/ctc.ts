/** The decoder `CTC` of tokenizer.json. */
import { z } from 'zod';
import { cleanUpToken } from '../decode/clean-up.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { Decoder } from './decoder.ts';

const schema = z.strictObject({
  type: z.literal('CTC'),
  pad_token: z.string(),
  word_delimiter_token: z.string(),
  cleanup: z.boolean(),
});

/** Connectionist temporal classification (Graves et al. 2006): repeated tokens count once, and blanks go. */
export const createCtc: Factory<Decoder> = (config, where) => {
  const { pad_token: pad, word_delimiter_token: delimiter, cleanup } = parseConfig(schema, config, where);
  const replace = (token: string): string => {
    const text = token.replaceAll(pad, '');
    return cleanup ? cleanUpToken(text).replaceAll(delimiter, ' ') : text;
  };
  return {
    decode: tokens =>
      tokens
        .filter((token, i) => i === 0 || token !== tokens[i - 1])
        .map(replace)
        .filter(text => text !== ''),
  };
};
