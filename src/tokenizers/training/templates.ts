/**
 * The components of each kind of tokenizer, as tokenizer.json writes them, without what is trained. A template of one's
 * own can be any tokenizer.json, which is how byte pair encoding is trained with any pre-tokenizer.
 */
import { UserError } from '../../support/errors.ts';
import { byteToken } from '../models/byte-token.ts';
import type { TokenizerKind } from './kinds.ts';
import type { ResolvedTrainOptions } from './options.ts';
import { IDEOGRAPH_SPLIT, SCRIPT_SPLIT } from './script-split.ts';
import { SPLITS } from './splits.ts';

/** The end of a document. */
export const END_OF_TEXT = '<|endoftext|>';
/** What stands for what has no token. */
export const UNKNOWN = '<unk>';

export interface Template {
  /** `character-bpe` is what is trained for any template with byte pair encoding. */
  kind: TokenizerKind | 'character-bpe';
  /** The parts of a tokenizer.json; `model` lacks its vocabulary. */
  normalizer: unknown;
  preTokenizer: unknown;
  decoder: unknown;
  model: Record<string, unknown>;
  /** The post-processor, which may name ids. */
  postProcessor: (ids: ReadonlyMap<string, number>) => unknown;
  specialTokens: readonly string[];
  /** Special tokens by their role in tokenizer_config.json. */
  roles: Record<string, string>;
  /** Texts are taken line by line, since no token has a line end. */
  lines: boolean;
}

const METASPACE = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const replaceSpace = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
const stripFirst = { type: 'Strip', content: ' ', start: 1, stop: 0 };
const sequence = (key: string, parts: object[]) => ({ type: 'Sequence', [key]: parts });
const HAN_OR_ITS_PUNCTUATION = '[\\p{Han}\\x{3000}-\\x{303F}\\x{FF00}-\\x{FFEF}‘’“”…—·]';

/** A decoder that puts spaces between words, without those before Chinese characters, which are no words apart. */
export const withoutSpacesInHan = (decoder: object): object =>
  sequence('decoders', [
    decoder,
    { type: 'Replace', pattern: { Regex: `^ (?=${HAN_OR_ITS_PUNCTUATION})` }, content: '' },
  ]);

const byteLevel = (trimOffsets: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: true,
  trim_offsets: trimOffsets,
  use_regex: true,
});
const bpeModel = {
  type: 'BPE',
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

export const BYTE_TOKENS = Array.from({ length: 256 }, (_, byte) => byteToken(byte));

/** A post-processor that puts special tokens before and after each text; `types` numbers the second text 1. */
const around =
  (before: string | undefined, after: string | undefined, types: boolean) =>
  (ids: ReadonlyMap<string, number>): object => {
    const special = (id: string | undefined, type: number) =>
      id === undefined ? [] : [{ SpecialToken: { id, type_id: type } }];
    const text = (id: 'A' | 'B', type: number) => ({ Sequence: { id, type_id: type } });
    const single = [...special(before, 0), text('A', 0), ...special(after, 0)];
    const second = types ? 1 : 0;
    return {
      type: 'TemplateProcessing',
      single,
      // BERT begins once; the others begin every text alike.
      pair: [...single, ...special(types ? undefined : before, second), text('B', second), ...special(after, second)],
      special_tokens: Object.fromEntries(
        [before, after].flatMap(id => (id === undefined ? [] : [[id, { id, ids: [ids.get(id)], tokens: [id] }]])),
      ),
    };
  };

const none = () => null;

/** Of whole words and single characters: nothing can be cut, so what is not in the vocabulary is unknown. */
const plain = (kind: 'wordlevel' | 'char', preTokenizer: object, decoder: object | null): Template => ({
  kind,
  normalizer: null,
  preTokenizer,
  decoder,
  model: { type: 'WordLevel', unk_token: UNKNOWN },
  postProcessor: none,
  specialTokens: [UNKNOWN],
  roles: { unk_token: UNKNOWN },
  lines: false,
});

export function templateOf(kind: TokenizerKind, options: ResolvedTrainOptions): Template {
  const { split = 'gpt2', lowercase = true, byteFallback, continuingSubwordPrefix: prefix = '##' } = options;
  switch (kind) {
    case 'bpe':
      return {
        kind,
        normalizer: null,
        preTokenizer: SPLITS[split].preTokenizer,
        decoder: byteLevel(true),
        model: bpeModel,
        postProcessor: () => byteLevel(false),
        specialTokens: [],
        roles: {},
        lines: false,
      };
    case 'wordpiece':
      return {
        kind,
        normalizer: {
          type: 'BertNormalizer',
          clean_text: true,
          handle_chinese_chars: true,
          strip_accents: null,
          lowercase,
        },
        preTokenizer: { type: 'BertPreTokenizer' },
        decoder: { type: 'WordPiece', prefix, cleanup: true },
        model: {
          type: 'WordPiece',
          unk_token: '[UNK]',
          continuing_subword_prefix: prefix,
          max_input_chars_per_word: 100,
        },
        postProcessor: around('[CLS]', '[SEP]', true),
        specialTokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
        roles: {
          pad_token: '[PAD]',
          unk_token: '[UNK]',
          cls_token: '[CLS]',
          sep_token: '[SEP]',
          mask_token: '[MASK]',
        },
        lines: false,
      };
    case 'unigram':
      return {
        kind,
        normalizer: { type: 'NFKC' },
        preTokenizer: sequence('pretokenizers', [{ type: 'WhitespaceSplit' }, METASPACE, SCRIPT_SPLIT]),
        decoder: byteFallback
          ? sequence('decoders', [{ type: 'ByteFallback' }, replaceSpace, { type: 'Fuse' }, stripFirst])
          : METASPACE,
        model: { type: 'Unigram', byte_fallback: byteFallback ?? false },
        postProcessor: around(undefined, '</s>', false),
        specialTokens: ['<pad>', '</s>', UNKNOWN],
        roles: { pad_token: '<pad>', eos_token: '</s>', unk_token: UNKNOWN },
        lines: false,
      };
    case 'llama-bpe':
      return {
        kind,
        normalizer: null,
        preTokenizer: sequence('pretokenizers', [METASPACE, SCRIPT_SPLIT]),
        decoder: sequence('decoders', [replaceSpace, { type: 'ByteFallback' }, { type: 'Fuse' }, stripFirst]),
        model: { ...bpeModel, unk_token: UNKNOWN, fuse_unk: true, byte_fallback: byteFallback ?? true },
        postProcessor: around('<s>', undefined, false),
        specialTokens: [UNKNOWN, '<s>', '</s>'],
        roles: { unk_token: UNKNOWN, bos_token: '<s>', eos_token: '</s>' },
        lines: true,
      };
    case 'wordlevel':
      return plain(kind, sequence('pretokenizers', [{ type: 'Whitespace' }, IDEOGRAPH_SPLIT]), null);
    case 'char':
      return plain(kind, SPLITS.char.preTokenizer, { type: 'Fuse' });
  }
}

type Json = Record<string, unknown> | null | undefined;

const KIND_OF_MODEL: Record<string, Template['kind']> = {
  BPE: 'character-bpe',
  WordPiece: 'wordpiece',
  Unigram: 'unigram',
  WordLevel: 'wordlevel',
};

/** Another tokenizer's components. */
export function templateLike(json: object, options: ResolvedTrainOptions): Template {
  const file = json as Record<string, Json>;
  const { vocab, merges: _, ...model } = file.model ?? {};
  const kind = KIND_OF_MODEL[String(model.type)];
  if (!kind) {
    throw new UserError('TSLM_UNSUPPORTED_TOKENIZER', `like: model '${String(model.type)}' cannot be trained`, {
      hint: `the types that can be are ${Object.keys(KIND_OF_MODEL).join(', ')}`,
    });
  }
  const added = (file.added_tokens ?? []) as unknown as { content: string; special: boolean }[];
  const unknown =
    kind === 'unigram'
      ? (vocab as [string, number][])[(model.unk_id as number | null) ?? -1]?.[0]
      : (model.unk_token as string | null);
  const special = added.filter(token => token.special).map(token => token.content);
  const prefix = options.continuingSubwordPrefix ?? model.continuing_subword_prefix;
  const suffix = options.endOfWordSuffix ?? model.end_of_word_suffix;
  delete model.unk_id;
  return {
    kind,
    normalizer: file.normalizer,
    preTokenizer: file.pre_tokenizer,
    decoder: file.decoder,
    model: {
      ...model,
      ...(kind === 'character-bpe' && { continuing_subword_prefix: prefix, end_of_word_suffix: suffix }),
      ...(kind === 'wordpiece' && { continuing_subword_prefix: prefix }),
      ...(options.byteFallback !== undefined && { byte_fallback: options.byteFallback }),
    },
    postProcessor: ids => withIds(file.post_processor, ids),
    specialTokens: unknown == null || special.includes(unknown) ? special : [unknown, ...special],
    roles: unknown == null ? {} : { unk_token: unknown },
    lines: false,
  };
}

/** A post-processor with the new ids of its special tokens. */
function withIds(json: Json, ids: ReadonlyMap<string, number>): unknown {
  if (json?.type === 'Sequence') {
    return { ...json, processors: (json.processors as Json[]).map(part => withIds(part, ids)) };
  }
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id !== undefined) return id;
    throw new UserError(
      'TSLM_BAD_TOKENIZER',
      `like: its post-processor names ${JSON.stringify(token)}, which is no special token`,
      {
        hint: 'add it to the special tokens',
      },
    );
  };
  if (json?.type === 'TemplateProcessing') {
    const tokens = Object.entries(json.special_tokens as Record<string, { tokens: string[] }>);
    return {
      ...json,
      special_tokens: Object.fromEntries(tokens.map(([id, token]) => [id, { ...token, ids: token.tokens.map(idOf) }])),
    };
  }
  if (json?.type === 'BertProcessing' || json?.type === 'RobertaProcessing') {
    const renumber = ([token]: [string, number]) => [token, idOf(token)];
    return { ...json, sep: renumber(json.sep as [string, number]), cls: renumber(json.cls as [string, number]) };
  }
  return json ?? null;
}
