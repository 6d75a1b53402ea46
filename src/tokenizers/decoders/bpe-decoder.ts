/** The decoder `BPEDecoder` of tokenizer.json. */
import { z } from 'zod';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { Decoder } from './decoder.ts';

const schema = z.strictObject({ type: z.literal('BPEDecoder'), suffix: z.string() });

/** Reads the suffix that ends words as a space, but not in the last token. */
export const createBpeDecoder: Factory<Decoder> = (config, where) => {
  const { suffix } = parseConfig(schema, config, where);
  return { decode: tokens => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' ')) };
};
