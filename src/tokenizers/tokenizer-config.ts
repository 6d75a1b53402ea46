/** `tokenizer_config.json`: the names of the special tokens, and on which side a text is padded and cut. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../support/files.ts';
import { readTemplateFiles } from './chat/templates.ts';
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
  chat_template: z.union([z.string(), z.array(z.strictObject({ name: z.string(), template: z.string() }))]).nullish(),
});
/** Keys that are not named here belong to other parts of the program or to Transformers, and are kept as they are. */
export type TokenizerConfig = z.output<typeof schema>;

export const parseTokenizerConfig = (config: unknown, where: string): TokenizerConfig =>
  parseConfig(schema, config, where);

/** Reads the configuration of a folder; templates in files of their own come before the `chat_template` in it. */
export function readTokenizerConfig(folder: string): TokenizerConfig {
  const path = join(folder, 'tokenizer_config.json');
  const config = existsSync(path) ? parseTokenizerConfig(readJson(path), path) : {};
  const templates = readTemplateFiles(folder);
  return templates === undefined ? config : { ...config, chat_template: templates };
}
