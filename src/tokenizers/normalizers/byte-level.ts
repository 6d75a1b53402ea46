/** The normalizer `ByteLevel` of tokenizer.json. */
import { toByteChars } from '../byte-alphabet.ts';
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { Normalizer } from './normalizer.ts';

/** Writes each byte of UTF-8 as one character. */
export const createByteLevel: Factory<Normalizer> = (config, where) => {
  parseConfig(bare('ByteLevel'), config, where);
  return { normalize: text => text.mapCodePoints(toByteChars) };
};
