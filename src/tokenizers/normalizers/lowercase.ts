/** The normalizer `Lowercase` of tokenizer.json. */
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { isPlainAscii } from '../unicode/unicode.ts';
import type { Normalizer } from './normalizer.ts';

/** Lower case, character by character: a final sigma is not told apart, as in Rust's `char::to_lowercase`. */
export const createLowercase: Factory<Normalizer> = (config, where) => {
  parseConfig(bare('Lowercase'), config, where);
  return {
    normalize: text =>
      isPlainAscii(text.text)
        ? text.withUnits(text.text.toLowerCase())
        : text.mapCodePoints(char => char.toLowerCase()),
  };
};
