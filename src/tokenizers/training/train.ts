/** Makes a tokenizer from texts. What it writes opens in Hugging Face tokenizers and encodes alike there. */
import { usageError } from '../../support/errors.ts';
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { Tokenizer } from '../tokenizer.ts';
import { asciiWithRoom, checkRoom } from './alphabet.ts';
import { trainBpe } from './bpe-trainer.ts';
import { trainCharacterBpe } from './character-bpe.ts';
import { trainCharacters } from './characters.ts';
import { countWords } from './count-words.ts';
import { mostlyHan } from './mostly-han.ts';
import { parseTrainOptions, type ResolvedTrainOptions, refuseForeign, type TrainOptions } from './options.ts';
import {
  BYTE_TOKENS,
  END_OF_TEXT,
  type Template,
  templateLike,
  templateOf,
  UNKNOWN,
  withoutSpacesInHan,
} from './templates.ts';
import { trainUnigram } from './unigram/trainer.ts';
import { trainWordLevel } from './word-level.ts';
import type { WordCounts } from './word-table.ts';

export type { TrainOptions, TrainProgress } from './options.ts';
export { END_OF_TEXT, UNKNOWN } from './templates.ts';

/**
 * Trains a tokenizer. Each text is split by itself, so no token spans two of them; only the counts of distinct
 * pre-tokens are held in memory.
 */
export async function trainTokenizer(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainOptions = {},
): Promise<Tokenizer> {
  const resolved = parseTrainOptions(options);
  const { like, split = 'gpt2', threads, onProgress } = resolved;
  const kind = resolved.kind === 'byte-bpe' ? 'bpe' : (resolved.kind ?? 'bpe');
  if (like && resolved.kind) {
    throw usageError('TSLM_BAD_VALUE', "trainTokenizer: 'like' and 'kind' exclude each other", 'give one of them');
  }
  const template = like ? templateLike(like, resolved) : templateOf(kind, resolved);
  refuseForeign(template.kind, resolved);
  const special = specialTokensOf(template, resolved);
  if (template.kind === 'bpe' || template.kind === 'char') {
    checkRoom(
      resolved.vocabSize,
      template.kind === 'bpe' ? 256 : 1,
      special.length,
      template.kind === 'bpe' ? 'bytes' : 'characters',
    );
  }
  const { preTokenizer, lines } = template;
  let { normalizer, decoder } = template;
  let given = texts;
  if ((template.kind === 'unigram' || template.kind === 'wordpiece') && !like) {
    const sample = await mostlyHan(texts);
    given = sample.texts;
    // NFKC would fold full-width punctuation, which Chinese is written with, to ASCII.
    if (sample.isHan && template.kind === 'unigram') normalizer = { type: 'NFC' };
    if (sample.isHan && template.kind === 'wordpiece') decoder = withoutSpacesInHan(decoder!);
  }
  const counts = await countWords(given, {
    split: template.kind === 'bpe' ? split : template.kind === 'char' ? 'char' : { normalizer, preTokenizer, lines },
    threads,
    onProgress: done => onProgress?.({ stage: 'counting', done }),
  });
  const model = await trainModel(template, special, counts, resolved);
  const ids = new Map(special.map((token, id) => [token, id]));
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map(specialToken),
    normalizer: normalizer ?? null,
    pre_tokenizer: preTokenizer ?? null,
    post_processor: template.postProcessor(ids),
    decoder: decoder ?? null,
    model: { ...template.model, ...model },
  };
  const end = special.includes(END_OF_TEXT) ? END_OF_TEXT : undefined;
  return Tokenizer.fromJSON(json, 'the trained tokenizer', {
    ...(end && { bos_token: end, eos_token: end, pad_token: end }),
    ...rolesOf(special),
    ...template.roles,
    clean_up_tokenization_spaces: false,
    tokenizer_class: 'PreTrainedTokenizerFast',
  });
}

/** The names that special tokens have by convention (BERT's; RoBERTa's, BART's and T5's), and what they are for. */
const ROLES: Record<string, string> = {
  '<s>': 'bos_token',
  '</s>': 'eos_token',
  '<pad>': 'pad_token',
  '<unk>': 'unk_token',
  '<mask>': 'mask_token',
  '[CLS]': 'cls_token',
  '[SEP]': 'sep_token',
  '[PAD]': 'pad_token',
  '[UNK]': 'unk_token',
  '[MASK]': 'mask_token',
};

const rolesOf = (special: readonly string[]): Record<string, string> =>
  Object.fromEntries(special.flatMap(token => (Object.hasOwn(ROLES, token) ? [[ROLES[token], token]] : [])));

/** What the kind needs and what is asked for, each once. */
function specialTokensOf(
  { kind, specialTokens: own }: Template,
  { like, specialTokens, sentinels = 0 }: ResolvedTrainOptions,
): string[] {
  const isPlain = !like && (kind === 'bpe' || kind === 'char' || kind === 'wordlevel');
  const extra = Array.from({ length: sentinels }, (_, i) => `<extra_id_${i}>`);
  const asked = [...(specialTokens ?? (isPlain ? [END_OF_TEXT] : [])), ...extra];
  const missing = own.filter(token => !asked.includes(token));
  return [...new Set(isPlain ? [...asked, ...missing] : [...missing, ...asked])];
}

/** What training adds to the template's model. */
async function trainModel(
  { kind, model, roles }: Template,
  special: string[],
  counts: WordCounts,
  options: ResolvedTrainOptions,
): Promise<object> {
  // A character is worth a token even when it occurs once.
  const { vocabSize, minFrequency = kind === 'char' ? 1 : 2, onProgress } = options;
  const merging = (done: number): void => onProgress?.({ stage: 'merging', done, total: vocabSize });
  const specialTokens = model.byte_fallback ? [...special, ...BYTE_TOKENS] : special;
  const { initialAlphabet, limitAlphabet, lowercase = true } = options;
  const ascii = (lower = false): string[] => {
    if (initialAlphabet || limitAlphabet !== undefined) return [];
    return asciiWithRoom(counts, { vocabSize, others: specialTokens.length, lowercase: lower });
  };
  const settings = { ...options, minFrequency, specialTokens, onProgress: merging };
  switch (kind) {
    case 'bpe':
      return trainBpe(counts, settings);
    case 'character-bpe':
      return trainCharacterBpe(counts, {
        ...settings,
        initialAlphabet: options.initialAlphabet ?? (hasByteLevel(options.like) ? BYTE_TO_CHAR : []),
        continuingSubwordPrefix: (model.continuing_subword_prefix as string | null) ?? undefined,
        endOfWordSuffix: (model.end_of_word_suffix as string | null) ?? undefined,
      });
    case 'llama-bpe':
      return trainCharacterBpe(counts, settings);
    case 'wordpiece': {
      const continuingSubwordPrefix = model.continuing_subword_prefix as string;
      const alphabet = ascii(lowercase);
      const alphabetInWords = alphabet.filter(char => /[0-9A-Za-z]/.test(char));
      const alphabets = { initialAlphabet: initialAlphabet ?? alphabet, alphabetInWords };
      return { vocab: trainCharacterBpe(counts, { ...settings, ...alphabets, continuingSubwordPrefix }).vocab };
    }
    case 'unigram': {
      const pruning = (done: number): void => onProgress?.({ stage: 'pruning', done, total: vocabSize });
      const alphabet = initialAlphabet ?? ascii();
      const vocab = await trainUnigram(counts, { ...settings, initialAlphabet: alphabet, onProgress: pruning });
      return { unk_id: roles.unk_token === undefined ? null : special.indexOf(roles.unk_token), vocab };
    }
    case 'wordlevel':
      return { vocab: trainWordLevel(counts, settings) };
    case 'char':
      return {
        vocab: trainCharacters(counts, { ...settings, initialAlphabet: initialAlphabet ?? ascii(), unknown: UNKNOWN }),
      };
  }
}

/** Whether a pipeline turns text into bytes, which all get a token then. */
const hasByteLevel = (json: { normalizer?: unknown; pre_tokenizer?: unknown } = {}): boolean =>
  JSON.stringify([json.normalizer, json.pre_tokenizer]).includes('"type":"ByteLevel"');

const specialToken = (content: string, id: number) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
