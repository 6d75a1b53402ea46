/** Pre-tokenizers of tokenizer.json by their type. */
import { z } from 'zod';
import { createComponent, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { createBertPreTokenizer } from './bert-pre-tokenizer.ts';
import { createByteLevel } from './byte-level.ts';
import { createCharDelimiterSplit } from './char-delimiter-split.ts';
import { createFixedLength } from './fixed-length.ts';
import { createMetaspace } from './metaspace.ts';
import { createDigits, createPunctuation, createWhitespace, createWhitespaceSplit } from './patterns.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { createSplit } from './split.ts';
import { createUnicodeScripts } from './unicode-scripts.ts';

/** Every supported pre-tokenizer by its `type` in tokenizer.json. */
const PRE_TOKENIZERS: Record<string, Factory<PreTokenizer>> = {
  BertPreTokenizer: createBertPreTokenizer,
  ByteLevel: createByteLevel,
  CharDelimiterSplit: createCharDelimiterSplit,
  Digits: createDigits,
  FixedLength: createFixedLength,
  Metaspace: createMetaspace,
  Punctuation: createPunctuation,
  Sequence: createSequence,
  Split: createSplit,
  UnicodeScripts: createUnicodeScripts,
  Whitespace: createWhitespace,
  WhitespaceSplit: createWhitespaceSplit,
};

export const createPreTokenizer: Factory<PreTokenizer> = (config, where) =>
  createComponent(PRE_TOKENIZERS, 'pre-tokenizer', config, where);

export const sequenceSchema = z.strictObject({ type: z.literal('Sequence'), pretokenizers: z.array(z.unknown()) });

function createSequence(config: unknown, where: string): PreTokenizer {
  const { pretokenizers } = parseConfig(sequenceSchema, config, where);
  const parts = pretokenizers.map((part, i) => createPreTokenizer(part, `${where}.pretokenizers[${i}]`));
  return {
    split: text =>
      parts.reduce(
        (pieces, part) => pieces.flatMap(piece => part.split(piece)).filter(piece => piece.length > 0),
        [text],
      ),
  };
}
