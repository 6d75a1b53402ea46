/** BERT's `vocab.txt`: one entry a line, its number the id. */

import { type FolderContents, specialAddedTokens, template, tokenizerJson, withSpecialTokens } from './pieces.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';

const DEFAULTS = {
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};

export function fromVocabTxt(text: string, given: TokenizerConfig): FolderContents {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  const vocab = Object.fromEntries(lines.map((token, id) => [token, id]));
  const ids = new Map(Object.entries(vocab));
  const config = withSpecialTokens(given, DEFAULTS, token => ids.has(token));
  const { cls_token: cls = '[CLS]', sep_token: sep = '[SEP]', unk_token: unknown } = config;
  const idOf = (token: string): number | undefined => ids.get(token);
  const json = tokenizerJson({
    added_tokens: specialAddedTokens(config, idOf, false),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: template(`${cls} $A ${sep}`, `${cls} $A ${sep} $B:1 ${sep}:1`, idOf),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown ?? '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  });
  return { json, config };
}
