/** The decoder `ByteLevel` of tokenizer.json. */
import { fromByteChars } from '../byte-alphabet.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { byteLevelSchema } from '../pre-tokenizers/byte-level.ts';
import type { Decoder } from './decoder.ts';

/** Reads each character as a byte; what is not UTF-8 becomes U+FFFD. */
export const createByteLevel: Factory<Decoder> = (config, where) => {
  parseConfig(byteLevelSchema, config, where);
  return { decode: tokens => [Buffer.concat(tokens.map(fromByteChars)).toString('utf8')] };
};
