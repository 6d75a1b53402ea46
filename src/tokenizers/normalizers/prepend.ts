/** The normalizer `Prepend` of tokenizer.json. */
import { z } from 'zod';
import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { Normalizer } from './normalizer.ts';

const schema = z.strictObject({ type: z.literal('Prepend'), prepend: z.string() });

/** Puts a string before text that is not empty. */
export const createPrepend: Factory<Normalizer> = (config, where) => {
  const { prepend } = parseConfig(schema, config, where);
  return { normalize: text => prependText(text, prepend) };
};

/** `text` with `prefix` before it, aligned with its first character. */
export function prependText(text: AlignedText, prefix: string): AlignedText {
  if (text.length === 0) return text;
  const builder = new AlignedTextBuilder(text);
  builder.put(prefix, 0, text.text.codePointAt(0)! > 0xffff ? 2 : 1);
  builder.keep(0, text.length);
  return builder.build();
}
