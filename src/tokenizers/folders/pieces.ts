/** Parts of tokenizer.json that several older formats have in common. */
import type { TokenizerConfig } from './tokenizer-config.ts';

export type SpecialName =
  | 'bos_token'
  | 'eos_token'
  | 'unk_token'
  | 'pad_token'
  | 'sep_token'
  | 'cls_token'
  | 'mask_token';

export type SpecialTokens = Partial<Record<SpecialName, string>>;

/** Names of special tokens that the configuration gives come before the class's defaults that the vocabulary has. */
export function withSpecialTokens(
  config: TokenizerConfig,
  defaults: SpecialTokens,
  has: (token: string) => boolean,
): TokenizerConfig {
  const known = Object.entries(defaults).filter(([name, token]) => config[name] == null && has(token));
  return { ...config, ...Object.fromEntries(known) };
}

const NAMES: readonly SpecialName[] = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
];

/** The special tokens of a configuration as added tokens; the one for masks takes the space before it where it should. */
export function specialAddedTokens(
  config: TokenizerConfig,
  idOf: (token: string) => number | undefined,
  maskTakesSpace: boolean,
): object[] {
  const tokens = new Map<string, object>();
  for (const name of NAMES) {
    const content = config[name];
    const id = content ? idOf(content) : undefined;
    // Those that the vocabulary lacks follow it, after the added tokens of the configuration.
    if (!content || id === undefined || tokens.has(content)) continue;
    const lstrip = maskTakesSpace && name === 'mask_token';
    tokens.set(content, { id, content, single_word: false, lstrip, rstrip: false, normalized: false, special: true });
  }
  return [...tokens.values()];
}

/** A template such as `[CLS] $A [SEP]:1`: special tokens and texts, each with its type where that is not 0. */
export function template(single: string, pair: string, idOf: (token: string) => number | undefined): object {
  const special: Record<string, object> = {};
  const read = (text: string): object[] =>
    text.split(' ').map(part => {
      const [, token, typeId = '0'] = /^(.+?)(?::(\d+))?$/.exec(part)!;
      const isText = token === '$A' || token === '$B';
      if (!isText) special[token] = { id: token, ids: [idOf(token) ?? 0], tokens: [token] };
      const content = { id: isText ? token.slice(1) : token, type_id: Number(typeId) };
      return isText ? { Sequence: content } : { SpecialToken: content };
    });
  return { type: 'TemplateProcessing', single: read(single), pair: read(pair), special_tokens: special };
}

/** A whole tokenizer.json. */
export const tokenizerJson = (parts: Record<string, unknown>): Record<string, unknown> => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  ...parts,
});

export interface FolderContents {
  /** What tokenizer.json would say. */
  json: Record<string, unknown>;
  config: TokenizerConfig;
}
