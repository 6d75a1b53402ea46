/** SentencePiece models as tokenizer.json, the way each family of Transformers uses them. */

import {
  type FolderContents,
  type SpecialTokens,
  specialAddedTokens,
  template,
  tokenizerJson,
  withSpecialTokens,
} from './pieces.ts';
import { CONTROL, type SentencePieceModel, USER_DEFINED } from './sentence-piece-model.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';

const MARK = '▁';

interface Family {
  specialTokens: SpecialTokens;
  normalizers: (model: SentencePieceModel, config: TokenizerConfig) => object[];
  preTokenizer: (prefixSpace: boolean) => object | null;
  decoder: (prefixSpace: boolean) => object;
  single: (config: TokenizerConfig) => [single: string, pair: string] | undefined;
  /** Pieces such as `7,` count less, so that numbers stay apart from commas. */
  splitsCommas?: boolean;
  /** Sentinels that follow the pieces. */
  extraIds?: number;
}

const charsMap = ({ charsMap: map }: SentencePieceModel): object[] =>
  map.length > 0 ? [{ type: 'Precompiled', precompiled_charsmap: map.toString('base64') }] : [];
const replace = (pattern: object, content: string): object => ({ type: 'Replace', pattern, content });
const metaspace = (prefixSpace: boolean): object => ({
  type: 'Metaspace',
  replacement: MARK,
  prepend_scheme: prefixSpace ? 'always' : 'never',
  split: true,
});
const bytesDecoder = (prefixSpace: boolean): object => ({
  type: 'Sequence',
  decoders: [
    replace({ String: MARK }, ' '),
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    ...(prefixSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
  ],
});

/** What every SentencePiece model does where nothing else is known of it. */
const GENERIC: Family = {
  specialTokens: { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' },
  normalizers: model => [
    ...charsMap(model),
    { type: 'Strip', strip_left: false, strip_right: true },
    replace({ Regex: ' {2,}' }, MARK),
  ],
  preTokenizer: metaspace,
  decoder: metaspace,
  single: () => undefined,
};

/** Quotes of old corpora, accents and case, then SentencePiece's own table. */
const ALBERT_NORMALIZERS: Family['normalizers'] = (model, config) => [
  replace({ String: '``' }, '"'),
  replace({ String: "''" }, '"'),
  ...(config.keep_accents === true ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
  ...(config.do_lower_case ? [{ type: 'Lowercase' }] : []),
  ...charsMap(model),
  replace({ Regex: ' {2,}' }, ' '),
];

const bosEos = ({ bos_token: bos, eos_token: eos, ...config }: TokenizerConfig): [string, string] => {
  const around = (text: string, typeId: string): string =>
    [
      ...((config.add_bos_token ?? true) && bos ? [`${bos}${typeId}`] : []),
      `${text}${typeId}`,
      ...(config.add_eos_token && eos ? [`${eos}${typeId}`] : []),
    ].join(' ');
  return [around('$A', ''), `${around('$A', '')} ${around('$B', ':1')}`];
};

const FAMILIES: Record<string, Family> = {
  albert: {
    ...GENERIC,
    specialTokens: {
      bos_token: '[CLS]',
      eos_token: '[SEP]',
      unk_token: '<unk>',
      sep_token: '[SEP]',
      pad_token: '<pad>',
      cls_token: '[CLS]',
      mask_token: '[MASK]',
    },
    normalizers: (model, config) => ALBERT_NORMALIZERS(model, { do_lower_case: true, ...config }),
    single: () => ['[CLS] $A [SEP]', '[CLS] $A [SEP] $B:1 [SEP]:1'],
    splitsCommas: true,
  },
  bigbird: {
    ...GENERIC,
    specialTokens: {
      ...GENERIC.specialTokens,
      sep_token: '[SEP]',
      cls_token: '[CLS]',
      mask_token: '[MASK]',
    },
    single: () => ['[CLS] $A [SEP]', '[CLS] $A [SEP] $B:1 [SEP]:1'],
  },
  gemma: {
    ...GENERIC,
    specialTokens: { bos_token: '<bos>', eos_token: '<eos>', unk_token: '<unk>', pad_token: '<pad>' },
    normalizers: () => [replace({ String: ' ' }, MARK)],
    preTokenizer: () => ({ type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false }),
    decoder: () => bytesDecoder(false),
    single: bosEos,
  },
  llama: {
    ...GENERIC,
    specialTokens: { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' },
    normalizers: (_model, config) => [
      ...(config.add_prefix_space === false ? [] : [{ type: 'Prepend', prepend: MARK }]),
      replace({ String: ' ' }, MARK),
    ],
    preTokenizer: () => null,
    decoder: bytesDecoder,
    single: bosEos,
  },
  t5: {
    ...GENERIC,
    specialTokens: { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' },
    preTokenizer: prefixSpace => ({
      type: 'Sequence',
      pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace(prefixSpace)],
    }),
    single: () => ['$A </s>', '$A </s> $B </s>'],
    extraIds: 100,
  },
  xlnet: {
    ...GENERIC,
    specialTokens: {
      ...GENERIC.specialTokens,
      sep_token: '<sep>',
      cls_token: '<cls>',
      mask_token: '<mask>',
    },
    normalizers: ALBERT_NORMALIZERS,
    single: () => ['$A <sep> <cls>:2', '$A <sep> $B:1 <sep>:1 <cls>:2'],
    splitsCommas: true,
  },
};
const ALIASES: Record<string, string> = {
  mistral: 'llama',
  phi3: 'llama',
  gemma2: 'gemma',
  gemma3: 'gemma',
  gemma3text: 'gemma',
};

/** @param name the model type, in lower case and without signs, as in `xlnet` */
export function fromSentencePiece(model: SentencePieceModel, given: TokenizerConfig, name: string): FolderContents {
  const family = FAMILIES[ALIASES[name] ?? name] ?? GENERIC;
  const vocab = model.pieces.map(({ piece, score }): [string, number] => [
    piece,
    family.splitsCommas && /\p{Nd},$/u.test(piece) ? score - 100 : score,
  ]);
  const extra = given.extra_ids ?? family.extraIds ?? 0;
  for (let i = Number(extra) - 1; i >= 0; i--) vocab.push([`<extra_id_${i}>`, 0]);
  const ids = new Map(vocab.map(([piece], id) => [piece, id]));
  const idOf = (token: string): number | undefined => ids.get(token);
  const config = withSpecialTokens(given, family.specialTokens, token => ids.has(token));
  const added = model.pieces.flatMap(({ piece, type }, id) =>
    type === CONTROL || type === USER_DEFINED ? [addedToken(piece, id, type === CONTROL)] : [],
  );
  for (const [piece, id] of ids) if (id >= model.pieces.length) added.push(addedToken(piece, id, true));
  const special = specialAddedTokens(config, idOf, name === 'albert' || name === 'bigbird' || name === 'xlnet');
  const contents = new Set(special.map(token => (token as { content: string }).content));
  const prefixSpace = config.add_prefix_space ?? true;
  const around = family.single(config);
  const normalizers = family.normalizers(model, config);
  const json = tokenizerJson({
    added_tokens: [...added.filter(({ content }) => !contents.has(content)), ...special].sort(
      (a, b) => (a as { id: number }).id - (b as { id: number }).id,
    ),
    normalizer: normalizers.length === 1 ? normalizers[0] : { type: 'Sequence', normalizers },
    pre_tokenizer: family.preTokenizer(prefixSpace),
    post_processor: around ? template(...around, idOf) : null,
    decoder: family.decoder(prefixSpace),
    model: model.isUnigram
      ? { type: 'Unigram', unk_id: model.unknownId, vocab, byte_fallback: model.byteFallback }
      : {
          type: 'BPE',
          unk_token: model.unknownPiece,
          fuse_unk: true,
          byte_fallback: model.byteFallback,
          vocab: Object.fromEntries(ids),
          merges: mergesOf(vocab, ids),
        },
  });
  return { json, config };
}

const addedToken = (content: string, id: number, special: boolean) => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special },
});

/** SentencePiece merges whatever two pieces make a third one, the best first; here as the list that BPE wants. */
function mergesOf(vocab: readonly [string, number][], ids: ReadonlyMap<string, number>): [string, string][] {
  const merges: { left: string; right: string; score: number; leftLength: number; rightLength: number }[] = [];
  for (const [piece, score] of vocab) {
    const chars = [...piece];
    const own: typeof merges = [];
    for (let i = 1; i < chars.length; i++) {
      const left = chars.slice(0, i).join('');
      const right = chars.slice(i).join('');
      if (!ids.has(left) || !ids.has(right)) continue;
      own.push({ left, right, score, leftLength: i, rightLength: chars.length - i });
    }
    own.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
    merges.push(...own);
  }
  merges.sort((a, b) => b.score - a.score || b.leftLength - a.leftLength || b.rightLength - a.rightLength);
  return merges.map(({ left, right }) => [left, right]);
}
