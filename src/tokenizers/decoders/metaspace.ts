/** The decoder `Metaspace` of tokenizer.json. */
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { metaspaceSchema, prependScheme } from '../pre-tokenizers/metaspace.ts';
import type { Decoder } from './decoder.ts';

/** Reads the visible character as a space; in the first token it is the one that was put there, and goes. */
export const createMetaspace: Factory<Decoder> = (config, where) => {
  const options = parseConfig(metaspaceSchema, config, where);
  const first = prependScheme(options, where) === 'never' ? ' ' : '';
  return { decode: tokens => tokens.map((token, i) => token.replaceAll(options.replacement, i === 0 ? first : ' ')) };
};
