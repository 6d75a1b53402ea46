/** The decoders `Fuse`, `Replace` and `Strip` of tokenizer.json. */
import { z } from 'zod';
import { bare, type Factory, parseConfig, patternSchema } from '../folders/tokenizer-json.ts';
import { compilePattern } from '../regex/pattern.ts';
import type { Decoder } from './decoder.ts';

/** Joins all tokens into one, so that what follows sees the whole text. */
export const createFuse: Factory<Decoder> = (config, where) => {
  parseConfig(bare('Fuse'), config, where);
  return { decode: tokens => [tokens.join('')] };
};

const replaceSchema = z.strictObject({ type: z.literal('Replace'), pattern: patternSchema, content: z.string() });

/** Replaces every match of a pattern in each token. */
export const createReplace: Factory<Decoder> = (config, where) => {
  const { pattern, content } = parseConfig(replaceSchema, config, where);
  const regex = compilePattern(pattern, where);
  return { decode: tokens => tokens.map(token => token.replace(regex, () => content)) };
};

const stripSchema = z.strictObject({
  type: z.literal('Strip'),
  content: z.string(),
  start: z.int().nonnegative(),
  stop: z.int().nonnegative(),
});

/** Removes up to `start` and `stop` times a character at the ends of each token. */
export const createStrip: Factory<Decoder> = (config, where) => {
  const { content, start, stop } = parseConfig(stripSchema, config, where);
  return {
    decode: tokens =>
      tokens.map(token => {
        let from = 0;
        while (from < start * content.length && token.startsWith(content, from)) from += content.length;
        let to = token.length;
        for (let i = 0; i < stop && to > from && token.endsWith(content); i++) {
          to -= content.length;
          token = token.slice(0, to);
        }
        return token.slice(from, to);
      }),
  };
};
