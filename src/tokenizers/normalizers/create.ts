/** Normalizers of tokenizer.json by their type. */
import { z } from 'zod';
import { createComponent, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { createBertNormalizer } from './bert-normalizer.ts';
import { createByteLevel } from './byte-level.ts';
import { createLowercase } from './lowercase.ts';
import { createNmt } from './nmt.ts';
import type { Normalizer } from './normalizer.ts';
import { createPrecompiled } from './precompiled.ts';
import { createPrepend } from './prepend.ts';
import { createReplace } from './replace.ts';
import { createStrip } from './strip.ts';
import { createStripAccents } from './strip-accents.ts';
import { createUnicodeForm } from './unicode-form.ts';

/** Every supported normalizer by its `type` in tokenizer.json. */
const NORMALIZERS: Record<string, Factory<Normalizer>> = {
  BertNormalizer: createBertNormalizer,
  ByteLevel: createByteLevel,
  NFC: createUnicodeForm('NFC'),
  NFD: createUnicodeForm('NFD'),
  NFKC: createUnicodeForm('NFKC'),
  NFKD: createUnicodeForm('NFKD'),
  Lowercase: createLowercase,
  Nmt: createNmt,
  Precompiled: createPrecompiled,
  Prepend: createPrepend,
  Replace: createReplace,
  Sequence: createSequence,
  Strip: createStrip,
  StripAccents: createStripAccents,
};

export const createNormalizer: Factory<Normalizer> = (config, where) =>
  createComponent(NORMALIZERS, 'normalizer', config, where);

const sequenceSchema = z.strictObject({ type: z.literal('Sequence'), normalizers: z.array(z.unknown()) });

function createSequence(config: unknown, where: string): Normalizer {
  const { normalizers } = parseConfig(sequenceSchema, config, where);
  const parts = normalizers.map((part, i) => createNormalizer(part, `${where}.normalizers[${i}]`));
  return { normalize: text => parts.reduce((changed, part) => part.normalize(changed), text) };
}
