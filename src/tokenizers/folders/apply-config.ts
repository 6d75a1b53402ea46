/** What tokenizer_config.json changes in the pipeline of tokenizer.json, as Transformers applies it. */
import type { AddedToken } from '../added-tokens.ts';
import { SPECIAL_NAMES, type TokenizerConfig } from './tokenizer-config.ts';

/** The added tokens of tokenizer.json, those that only the configuration knows, by id, and the special tokens that it names. */
export function withAddedTokens(tokens: readonly AddedToken[], config: TokenizerConfig): AddedToken[] {
  const known = new Set(tokens.map(({ content }) => content));
  const others = Object.entries(config.added_tokens_decoder ?? {})
    .filter(([, { content }]) => !known.has(content))
    .map(([id, { content, single_word, lstrip, rstrip, normalized, special }]) => ({
      ...{ id: Number(id), content, single_word, lstrip, rstrip, normalized, special },
    }));
  const all = [...tokens, ...others.sort((a, b) => a.id - b.id)];
  for (const content of specialTokensOf(config)) {
    if (all.some(token => token.content === content)) continue;
    // Its id is that of the vocabulary, or the next.
    all.push({ id: 0, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true });
  }
  return all;
}

/** All special tokens that a configuration names. */
export function specialTokensOf(config: TokenizerConfig): string[] {
  const named = SPECIAL_NAMES.map(name => config[name]);
  const more = [config.additional_special_tokens, config.extra_special_tokens].flatMap(list =>
    Array.isArray(list) ? list : [],
  );
  const contents = [...named, ...more].map(token => (token as { content?: unknown } | null)?.content ?? token);
  return [...new Set(contents)].filter((token): token is string => typeof token === 'string' && token !== '');
}

/** BERT's normalizer with what the configuration says of case, accents and ideographs. */
export function withBertOptions(normalizer: unknown, config: TokenizerConfig): unknown {
  if ((normalizer as { type?: unknown } | null)?.type !== 'BertNormalizer') return normalizer;
  const { do_lower_case: lowercase, tokenize_chinese_chars: chinese, strip_accents: stripAccents } = config;
  return {
    ...(normalizer as object),
    ...(lowercase != null && { lowercase }),
    ...(chinese != null && { handle_chinese_chars: chinese }),
    ...(stripAccents != null && { strip_accents: stripAccents }),
  };
}

/** Classes that take the pipeline from tokenizer.json as it is. */
const GENERIC_CLASS = /^(?:PreTrainedTokenizerFast|TokenizersBackend)$/;

/** A byte-level pre-tokenizer or post-processor with the prefix space that the configuration asks for. */
export function withPrefixSpace(component: unknown, config: TokenizerConfig): unknown {
  const { add_prefix_space: addPrefixSpace, tokenizer_class: name } = config;
  const { type } = (component ?? {}) as { type?: unknown };
  if (addPrefixSpace == null || !name || GENERIC_CLASS.test(name)) return component;
  const hasOption = type === 'ByteLevel' || type === 'RobertaProcessing';
  return hasOption ? { ...(component as object), add_prefix_space: addPrefixSpace } : component;
}

/** Classes that begin texts with the bos token where the configuration does not say otherwise. */
const ADDS_BOS = /^(?:CodeLlama|Gemma|Llama)Tokenizer/;

/** The post-processor that `add_bos_token` and `add_eos_token` ask for, or undefined where neither is given. */
export function bosEosTemplate(
  config: TokenizerConfig,
  tokenToId: (token: string) => number | undefined,
): unknown | undefined {
  const { add_eos_token: addEos, bos_token: bos, eos_token: eos } = config;
  if (config.add_bos_token == null && addEos == null) return undefined;
  const addBos = config.add_bos_token ?? ADDS_BOS.test(config.tokenizer_class ?? '');
  const around = (id: 'A' | 'B', typeId: number): object[] => {
    const special = (token: string): object => ({ SpecialToken: { id: token, type_id: typeId } });
    return [
      ...(addBos && bos ? [special(bos)] : []),
      { Sequence: { id, type_id: typeId } },
      ...(addEos && eos ? [special(eos)] : []),
    ];
  };
  const tokens = [bos, eos].filter(token => typeof token === 'string').filter(token => tokenToId(token) !== undefined);
  return {
    type: 'TemplateProcessing',
    single: around('A', 0),
    pair: [...around('A', 0), ...around('B', 1)],
    special_tokens: Object.fromEntries(
      tokens.map(token => [token, { id: token, ids: [tokenToId(token)], tokens: [token] }]),
    ),
  };
}
