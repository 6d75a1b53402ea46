/** `tokenizer_config.json`: the special tokens, how texts are padded and cut, and chat templates. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../support/files.ts';
import { readTemplateFiles } from '../chat/templates.ts';
import { parseConfig } from './tokenizer-json.ts';

/** Special tokens by name, in the order in which those get ids that no file gives one. */
export const SPECIAL_NAMES = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;

const side = z.enum(['left', 'right']);
/** A special token: its text, or an object as older versions wrote it. */
const specialToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(token => token.content)])
  .nullish();
const flag = z.boolean().nullish();

const schema = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  unk_token: specialToken,
  pad_token: specialToken,
  sep_token: specialToken,
  cls_token: specialToken,
  mask_token: specialToken,
  tokenizer_class: z.string().nullish(),
  padding_side: side.nullish(),
  truncation_side: side.nullish(),
  /** The type of padding in encodings of two texts. */
  pad_token_type_id: z.int().nonnegative().nullish(),
  model_max_length: z.number().nullish(),
  clean_up_tokenization_spaces: flag,
  /** Text that looks like a special token is cut as any other text. */
  split_special_tokens: flag,
  /** Where one of the two is given, they come before the post-processor of tokenizer.json. */
  add_bos_token: flag,
  add_eos_token: flag,
  /** For byte-level tokenizers with a class of their own: comes before what tokenizer.json says. */
  add_prefix_space: flag,
  /** For BERT's normalizer: come before what tokenizer.json says. */
  do_lower_case: flag,
  strip_accents: flag,
  tokenize_chinese_chars: flag,
  /** Added tokens by id, with those that tokenizer.json lacks. */
  added_tokens_decoder: z
    .record(
      z.string().regex(/^\d+$/),
      z.looseObject({
        content: z.string(),
        single_word: z.boolean().default(false),
        lstrip: z.boolean().default(false),
        rstrip: z.boolean().default(false),
        normalized: z.boolean().default(false),
        special: z.boolean().default(false),
      }),
    )
    .optional(),
  chat_template: z.union([z.string(), z.array(z.strictObject({ name: z.string(), template: z.string() }))]).nullish(),
});
/** Keys that are not named here belong to other parts of the program or to Transformers, and are kept as they are. */
export type TokenizerConfig = z.output<typeof schema>;

export const parseTokenizerConfig = (config: unknown, where: string): TokenizerConfig =>
  parseConfig(schema, config, where);

/**
 * Reads the configuration of a folder. Templates in files of their own come before the `chat_template` in it; special
 * tokens that it lacks are looked up in `special_tokens_map.json`, which older versions wrote, and added tokens in
 * `added_tokens.json`.
 */
export function readTokenizerConfig(folder: string): TokenizerConfig {
  const read = (name: string): TokenizerConfig => {
    const path = join(folder, name);
    return existsSync(path) ? parseTokenizerConfig(readJson(path), path) : {};
  };
  const config = { ...read('special_tokens_map.json'), ...read('tokenizer_config.json') };
  config.added_tokens_decoder ??= readAddedTokens(folder, config);
  const templates = readTemplateFiles(folder);
  return templates === undefined ? config : { ...config, chat_template: templates };
}

/** `added_tokens.json`, which older versions wrote in place of `added_tokens_decoder`: ids by token. */
function readAddedTokens(folder: string, config: TokenizerConfig): TokenizerConfig['added_tokens_decoder'] {
  const path = join(folder, 'added_tokens.json');
  if (!existsSync(path)) return undefined;
  const ids = parseConfig(z.record(z.string(), z.int().nonnegative()), readJson(path), path);
  const named = new Set(SPECIAL_NAMES.map(name => config[name]));
  return Object.fromEntries(
    Object.entries(ids).map(([content, id]) => {
      const special = named.has(content);
      return [id, { content, single_word: false, lstrip: false, rstrip: false, normalized: !special, special }];
    }),
  );
}

/** Larger numbers mean that no limit is known; Transformers writes 10³⁰. */
const NO_LIMIT = 1e20;

/** The longest input that the model is made for, where that is known. */
export const modelMaxLength = ({ model_max_length: length }: TokenizerConfig): number | undefined =>
  length == null || length > NO_LIMIT ? undefined : length;

/** Classes of Transformers that pad on the left where the configuration does not say otherwise. */
const PADS_LEFT = /^(?:CodeLlama|Gemma|Llama|XLNet)Tokenizer/;

export const paddingSide = ({ padding_side: side, tokenizer_class: name }: TokenizerConfig): 'left' | 'right' =>
  side ?? (PADS_LEFT.test(name ?? '') ? 'left' : 'right');

/** XLNet has a type of its own for padding. */
export const padTokenTypeId = ({ pad_token_type_id: typeId, tokenizer_class: name }: TokenizerConfig): number =>
  typeId ?? (name?.startsWith('XLNetTokenizer') ? 3 : 0);
