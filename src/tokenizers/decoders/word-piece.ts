import { z } from 'zod';
import { type Factory, parseConfig } from '../config.ts';
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
        return cleanup ? cleanUpSpaces(text) : text;
      }),
  };
};

const ARTIFACTS: readonly [artifact: string, clean: string][] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** Takes back the spaces that tokenization put before English punctuation and contractions. */
export const cleanUpSpaces = (text: string): string =>
  ARTIFACTS.reduce((cleaned, [artifact, clean]) => cleaned.replaceAll(artifact, clean), text);
