/** Decoders of tokenizer.json by their type. */
import { z } from 'zod';
import { createComponent, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { createBpeDecoder } from './bpe-decoder.ts';
import { createByteFallback } from './byte-fallback.ts';
import { createByteLevel } from './byte-level.ts';
import { createCtc } from './ctc.ts';
import type { Decoder } from './decoder.ts';
import { createMetaspace } from './metaspace.ts';
import { createFuse, createReplace, createStrip } from './simple.ts';
import { createWordPiece } from './word-piece.ts';

/** Every supported decoder by its `type` in tokenizer.json. */
const DECODERS: Record<string, Factory<Decoder>> = {
  BPEDecoder: createBpeDecoder,
  ByteFallback: createByteFallback,
  ByteLevel: createByteLevel,
  CTC: createCtc,
  Fuse: createFuse,
  Metaspace: createMetaspace,
  Replace: createReplace,
  Sequence: createSequence,
  Strip: createStrip,
  WordPiece: createWordPiece,
};

export const createDecoder: Factory<Decoder> = (config, where) => createComponent(DECODERS, 'decoder', config, where);

const sequenceSchema = z.strictObject({ type: z.literal('Sequence'), decoders: z.array(z.unknown()) });

function createSequence(config: unknown, where: string): Decoder {
  const { decoders } = parseConfig(sequenceSchema, config, where);
  const parts = decoders.map((part, i) => createDecoder(part, `${where}.decoders[${i}]`));
  return { decode: tokens => parts.reduce((changed, part) => part.decode(changed), tokens) };
}
