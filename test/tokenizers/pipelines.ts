/** Tokenizers for tests: the committed fixtures, and pipelines with the pieces changed. */
import { readFileSync } from 'node:fs';
import { Tokenizer as Native } from 'tokenizers';
import { gpt4Pattern } from '../../src/tokenizers/byte-bpe/scanners.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests change tokenizer.json at will
export type Json = any;

export const fixtureFolder = (name: string): string => `test/fixtures/tokenizers/${name}`;

export const fixtureJson = (name: string): Json =>
  JSON.parse(readFileSync(`${fixtureFolder(name)}/tokenizer.json`, 'utf8'));

/** A fixture's JSON after `change`. */
export function changed(name: string, change: (json: Json) => void): Json {
  const json = fixtureJson(name);
  change(json);
  return json;
}

/** The same tokenizer here and in Hugging Face's native package. */
export const both = (json: Json): { ours: Tokenizer; native: Native } => ({
  ours: Tokenizer.fromJSON(json),
  native: Native.fromString(JSON.stringify(json)),
});

/** The pipeline in a form that has no fast path: component after component. */
export const withoutFastPath = (json: Json): Json => ({
  ...json,
  pre_tokenizer: json.pre_tokenizer && { type: 'Sequence', pretokenizers: [json.pre_tokenizer] },
});

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

export const splitThenBytes = (pattern: object, behavior = 'Isolated', invert = false): Json => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern, behavior, invert }, byteLevel],
});

export const withPattern = (pattern: string): Json =>
  changed('byte_bpe_gpt2', json => {
    json.pre_tokenizer = splitThenBytes({ Regex: pattern });
  });

const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };

const WORD_PIECE: Record<string, Json> = {
  BERT: fixtureJson('wordpiece_bert'),
  'BERT with accents and capitals': changed('wordpiece_bert', json => {
    Object.assign(json.normalizer, { lowercase: false, strip_accents: null, handle_chinese_chars: false });
    json.post_processor = { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] };
    json.decoder.cleanup = false;
  }),
  'BERT without cleaning, short words only': changed('wordpiece_bert', json => {
    Object.assign(json.normalizer, { clean_text: false, lowercase: true, strip_accents: false });
    json.model.max_input_chars_per_word = 4;
  }),
  'WordPiece with another prefix, split by length': changed('wordpiece_bert', json => {
    json.pre_tokenizer = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'CharDelimiterSplit', delimiter: 'e' },
        { type: 'FixedLength', length: 3 },
      ],
    };
    json.model.continuing_subword_prefix = '';
    json.decoder.prefix = '';
  }),
};

const UNIGRAM: Record<string, Json> = {
  T5: fixtureJson('unigram_t5'),
  'ALBERT and XLNet': changed('unigram_t5', json => {
    json.normalizer = {
      type: 'Sequence',
      normalizers: [
        { type: 'Replace', pattern: { String: '``' }, content: '"' },
        { type: 'NFKD' },
        { type: 'StripAccents' },
        { type: 'Lowercase' },
        json.normalizer.normalizers[0],
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
      ],
    };
    json.pre_tokenizer = metaspace;
  }),
  'Unigram over whole texts, spaces first': changed('unigram_t5', json => {
    json.normalizer = { type: 'Nmt' };
    json.pre_tokenizer = { ...metaspace, prepend_scheme: 'first', split: false };
  }),
  'Unigram with bytes for unknown characters': changed('unigram_t5', json => {
    const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
    // The added tokens follow the vocabulary, so that room is made for their ids.
    json.added_tokens = json.added_tokens.slice(0, 3);
    json.model.vocab.push(...bytes.map(byte => [byte, -20]));
    json.model.byte_fallback = true;
    json.pre_tokenizer = { ...metaspace, prepend_scheme: 'never' };
    json.decoder = {
      type: 'Sequence',
      decoders: [{ type: 'ByteFallback' }, { ...metaspace, prepend_scheme: 'never' }],
    };
  }),
};

const OTHERS: Record<string, Json> = {
  'Llama 2': fixtureJson('bpe_llama'),
  Gemma: changed('bpe_llama', json => {
    json.normalizer = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
    json.pre_tokenizer = { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false };
    json.decoder.decoders = json.decoder.decoders.slice(0, 3);
  }),
  'BPE with a prefix and a suffix': changed('bpe_llama', json => {
    const letters = [...'etaoinshrdlu'];
    const tokens = ['<unk>', '<s>', '</s>'];
    for (const letter of letters) tokens.push(letter, `+${letter}`, `${letter}</w>`, `+${letter}</w>`);
    tokens.push('t+h', 't+h+e</w>', '+e+d</w>', '+h+e</w>', 'th', 'the</w>', 'i+n', 'in', '+ed</w>', '+he</w>');
    json.normalizer = { type: 'Lowercase' };
    json.pre_tokenizer = { type: 'BertPreTokenizer' };
    json.decoder = { type: 'BPEDecoder', suffix: '</w>' };
    Object.assign(json.model, {
      byte_fallback: false,
      fuse_unk: false,
      continuing_subword_prefix: '+',
      end_of_word_suffix: '</w>',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ['t +h', 'th +e</w>', '+e +d</w>', '+h +e</w>', 'i +n'],
    });
  }),
  'byte-level normalizer and CTC decoder': changed('byte_bpe_gpt2', json => {
    json.normalizer = { type: 'Sequence', normalizers: [{ type: 'Nmt' }, { type: 'ByteLevel' }] };
    json.pre_tokenizer = null;
    json.decoder = { type: 'CTC', pad_token: 'e', word_delimiter_token: 'Ġ', cleanup: true };
  }),
  'words, two processors': changed('wordpiece_bert', json => {
    json.model = { type: 'WordLevel', vocab: json.model.vocab, unk_token: '[UNK]' };
    json.pre_tokenizer = { type: 'Whitespace' };
    json.post_processor = {
      type: 'Sequence',
      processors: [
        { type: 'ByteLevel', trim_offsets: true, add_prefix_space: true, use_regex: true },
        json.post_processor,
      ],
    };
    json.decoder = null;
  }),
};

export const PIPELINES: Record<string, Json> = {
  'GPT-2': fixtureJson('byte_bpe_gpt2'),
  'Qwen 2 with NFC': fixtureJson('byte_bpe_qwen2'),
  RoBERTa: fixtureJson('byte_bpe_roberta'),
  'Llama 3': withPattern(gpt4Pattern(3)),
  'GPT-4o': withPattern(
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
      '\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  ),
  'possessive quantifiers': withPattern(
    '(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s',
  ),
  DeepSeek: changed('byte_bpe_gpt2', json => {
    const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
    json.pre_tokenizer = {
      type: 'Sequence',
      pretokenizers: [
        split('\\p{N}{1,3}'),
        split('[一-龥぀-ゟ゠-ヿ]+'),
        split(
          '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
        ),
        byteLevel,
      ],
    };
  }),
  'prefix space and trimmed offsets': changed('byte_bpe_gpt2', json => {
    json.pre_tokenizer.add_prefix_space = true;
    json.post_processor.trim_offsets = true;
  }),
  'whole words first': changed('byte_bpe_gpt2', json => {
    json.model.ignore_merges = true;
    // Only reachable as a whole: no merge makes it.
    json.model.vocab.Ġxyz = 500;
  }),
  'digits, punctuation and bytes': changed('byte_bpe_gpt2', json => {
    json.pre_tokenizer = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'Punctuation', behavior: 'MergedWithNext' },
        byteLevel,
      ],
    };
  }),
  'white space dropped, contiguous digits': changed('byte_bpe_gpt2', json => {
    json.pre_tokenizer = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Digits', individual_digits: false },
        { type: 'Whitespace' },
        byteLevel,
      ],
    };
  }),
  'inverted split merged with what is before': changed('byte_bpe_gpt2', json => {
    json.pre_tokenizer = splitThenBytes({ Regex: '\\w+|[^\\w\\s]+' }, 'MergedWithPrevious', true);
  }),
  'contiguous literal': changed('byte_bpe_gpt2', json => {
    json.pre_tokenizer = splitThenBytes({ String: '.' }, 'Contiguous');
  }),
  'normalizers in sequence': changed('byte_bpe_gpt2', json => {
    json.normalizer = {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKD' },
        { type: 'StripAccents' },
        { type: 'Lowercase' },
        { type: 'Replace', pattern: { Regex: '\\s{2,}' }, content: ' ' },
        { type: 'Strip', strip_left: true, strip_right: true },
        { type: 'Prepend', prepend: '«' },
      ],
    };
  }),
  'added tokens of every kind': changed('byte_bpe_qwen2', json => {
    const token = (content: string, flags: object) => ({
      id: 1000,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
      ...flags,
    });
    json.added_tokens.push(
      token('<l>', { lstrip: true }),
      token('<r>', { rstrip: true, special: true }),
      token('word', { single_word: true }),
      token('é', { normalized: true }),
      token('<|im', {}),
      token('<|im_start|>user', {}),
    );
  }),
  ...WORD_PIECE,
  ...UNIGRAM,
  ...OTHERS,
};
