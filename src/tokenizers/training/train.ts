/** Makes a tokenizer from texts. What it writes opens in Hugging Face tokenizers and encodes alike there. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { Tokenizer } from '../tokenizer.ts';
import { trainBpe } from './bpe-trainer.ts';
import { trainCharacters } from './characters.ts';
import { countWords } from './count-words.ts';
import { SPLITS } from './splits.ts';

/** The end of a document. */
export const END_OF_TEXT = '<|endoftext|>';
/** What a character tokenizer has for characters that it did not see. */
export const UNKNOWN = '<unk>';

const schema = z.strictObject({
  kind: z.enum(['byte-bpe', 'char']).default('byte-bpe'),
  vocabSize: z.int().positive().default(8192),
  minFrequency: z.int().nonnegative().default(2),
  specialTokens: z.array(z.string().min(1)).default([END_OF_TEXT]),
  threads: z.int().positive().default(availableParallelism),
  split: z.enum(['gpt2', 'gpt4']).default('gpt2'),
  onProgress: z.custom<(progress: TrainProgress) => void>().optional(),
});

export interface TrainProgress {
  stage: 'counting' | 'merging';
  /** Characters read, or tokens made. */
  done: number;
  /** How many there will be, where that is known. */
  total?: number;
}

export interface TrainOptions {
  /** Byte-level BPE, or one token for each code point. Default `byte-bpe`. */
  kind?: 'byte-bpe' | 'char';
  /** Tokens in all at most, special tokens and single bytes included. Default 8192. */
  vocabSize?: number;
  /** Pairs (or characters) that occur less often get no token. Default 2. */
  minFrequency?: number;
  /** These get the first ids. `<|endoftext|>`, if among them, is the end-of-text token. Default `['<|endoftext|>']`. */
  specialTokens?: string[];
  /** Threads that count pre-tokens, this one included. Default: one a core. */
  threads?: number;
  /** The pattern that splits text before merging, for `byte-bpe`. Default `gpt2`. */
  split?: 'gpt2' | 'gpt4';
  onProgress?: (progress: TrainProgress) => void;
}

/**
 * Trains a tokenizer. Each text is split by itself, so no token spans two of them; only the counts of distinct
 * pre-tokens are held in memory.
 */
export async function trainTokenizer(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainOptions = {},
): Promise<Tokenizer> {
  const resolved = parseOptions(schema, options, 'trainTokenizer');
  const { kind, vocabSize, specialTokens, split, onProgress } = resolved;
  const least = specialTokens.length + (kind === 'char' ? 2 : 256);
  if (vocabSize < least) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `a vocabulary of ${vocabSize} is too small for ${kind === 'char' ? 'characters' : '256 bytes'} and special tokens`,
      `choose ${least} or more`,
    );
  }
  const counts = await countWords(texts, {
    split: kind === 'char' ? 'char' : split,
    threads: resolved.threads,
    onProgress: done => onProgress?.({ stage: 'counting', done }),
  });
  const json =
    kind === 'char'
      ? characterJson(trainCharacters(counts, { ...resolved, unknown: UNKNOWN }), specialTokens)
      : byteBpeJson(
          trainBpe(counts, {
            ...resolved,
            onProgress: done => onProgress?.({ stage: 'merging', done, total: vocabSize }),
          }),
          specialTokens,
          SPLITS[split].preTokenizer,
        );
  return Tokenizer.fromJSON(json, 'the trained tokenizer', configFor(kind, specialTokens));
}

const specialToken = (content: string, id: number) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const byteLevel = (trimOffsets: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: true,
  trim_offsets: trimOffsets,
  use_regex: true,
});

function byteBpeJson(model: object, specialTokens: readonly string[], preTokenizer: object): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map(specialToken),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: byteLevel(false),
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      ...model,
    },
  };
}

function characterJson(vocab: Record<string, number>, specialTokens: readonly string[]): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...new Set([...specialTokens, UNKNOWN])].map(specialToken),
    normalizer: null,
    pre_tokenizer: SPLITS.char.preTokenizer,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: { type: 'WordLevel', vocab, unk_token: UNKNOWN },
  };
}

function configFor(kind: 'byte-bpe' | 'char', specialTokens: readonly string[]): object {
  const end = specialTokens.includes(END_OF_TEXT) ? END_OF_TEXT : undefined;
  return {
    ...(end && { bos_token: end, eos_token: end, pad_token: end }),
    ...(kind === 'char' && { unk_token: UNKNOWN }),
    clean_up_tokenization_spaces: false,
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
}
