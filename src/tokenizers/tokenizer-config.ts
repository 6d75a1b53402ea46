/** `tokenizer_config.json`: the names of the special tokens, and on which side a text is padded and cut. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../support/files.ts';
import { parseConfig } from './config.ts';

const side = z.enum(['left', 'right']);
/** A special token: its text, or an object as older versions wrote it. */
const specialToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(token => token.content)])
  .nullish();

const schema = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  unk_token: specialToken,
  pad_token: specialToken,
  sep_token: specialToken,
  cls_token: specialToken,
  mask_token: specialToken,
  padding_side: side.optional(),
  truncation_side: side.optional(),
  model_max_length: z.number().nullish(),
  chat_template: z.unknown().optional(),
});
/** Keys that are not named here belong to other parts of the program or to Transformers, and are kept as they are. */
export type TokenizerConfig = z.output<typeof schema>;

export const parseTokenizerConfig = (config: unknown, where: string): TokenizerConfig =>
  parseConfig(schema, config, where);

/** Reads the configuration of a folder; a template in `chat_template.jinja` becomes its `chat_template`. */
export function readTokenizerConfig(folder: string): TokenizerConfig {
  const path = join(folder, 'tokenizer_config.json');
  const config = existsSync(path) ? parseTokenizerConfig(readJson(path), path) : {};
  const template = join(folder, 'chat_template.jinja');
  if (existsSync(template)) config.chat_template = readFileSync(template, 'utf8');
  return config;
}
