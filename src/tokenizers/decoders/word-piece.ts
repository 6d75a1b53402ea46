/** The decoder `WordPiece` of tokenizer.json. */
import { z } from 'zod';
import { cleanUpToken } from '../decode/clean-up.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { Decoder } from './decoder.ts';

const schema = z.strictObject({ type: z.literal('WordPiece'), prefix: z.string(), cleanup: z.boolean() });

/** Words apart, continuations joined to what is before them. */
export const createWordPiece: Factory<Decoder> = (config, where) => {
  const { prefix, cleanup } = parseConfig(schema, config, where);
  return {
    decode: tokens =>
      tokens.map((token, i) => {
        const continues = i > 0 && token.startsWith(prefix);
        const text = i === 0 ? token : continues ? token.slice(prefix.length) : ` ${token}`;
        return cleanup ? cleanUpToken(text) : text;
      }),
  };
};
