/** What can be asked of training, and which of it each kind of tokenizer knows. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { KINDS, type TokenizerKind } from './kinds.ts';

export interface TrainProgress {
  /** Counting pre-tokens, merging pairs, or pruning the pieces of a unigram model. */
  stage: 'counting' | 'merging' | 'pruning';
  /** Characters read, tokens made, or pieces left. */
  done: number;
  /** How many there will be, where that is known. */
  total?: number;
}

export interface TrainOptions {
  /**
   * `bpe`: byte-level (GPT-2); `wordpiece`: BERT's; `unigram`: T5's; `llama-bpe`: over characters, with bytes for those
   * without a token; `wordlevel`: whole words; `char`: one token a code point. `byte-bpe` is another name of `bpe`.
   * Default: the kind of `like`, or `bpe`.
   */
  kind?: TokenizerKind | 'byte-bpe';
  /** A tokenizer.json: its kind, its special tokens and all its components but the vocabulary are taken over. */
  like?: object;
  /** Tokens in all at most, special tokens included. Default 8192. */
  vocabSize?: number;
  /** Pairs, words or characters that occur less often get no token. Default 2, 1 for `char`. Not for `unigram`. */
  minFrequency?: number;
  /** These get the first ids, after those that the kind needs and that are not among them. */
  specialTokens?: string[];
  /** T5's sentinels `<extra_id_0>`, `<extra_id_1>`, …, this many of them: what stands for a span that is to be written. Default 0. */
  sentinels?: number;
  /** Threads, this one included. Default: one a core. */
  threads?: number;
  /** The pattern that splits text before merging, for `bpe`. Default `gpt2`. */
  split?: 'gpt2' | 'gpt4';
  /** Lower case, for `wordpiece`. Default true. */
  lowercase?: boolean;
  /** How many characters get a token of their own: the most frequent. Default all. */
  limitAlphabet?: number;
  /**
   * Characters that get a token whether they occur or not. Default, without `limitAlphabet`: the characters of ASCII
   * for `wordpiece`, `unigram` and `char`, where the vocabulary has room.
   */
  initialAlphabet?: string[];
  /** What tokens begin with that do not begin a word. Default `##` for `wordpiece`, else none. */
  continuingSubwordPrefix?: string;
  /** What tokens end with that end a word. Default none. */
  endOfWordSuffix?: string;
  /** Merged tokens have fewer characters than this. Default: no limit. */
  maxTokenLength?: number;
  /** Tokens of all bytes, for characters without a token. Default true for `llama-bpe`, false for `unigram`. */
  byteFallback?: boolean;
  /** Characters of a piece at most, for `unigram`. Default 16. */
  maxPieceLength?: number;
  /** Substrings that `unigram` begins with. Default 1,000,000. */
  seedSize?: number;
  /** The share of the pieces that `unigram` keeps in each round. Default 0.75. */
  shrinkingFactor?: number;
  /** Steps of expectation–maximization in each round of `unigram`. Default 2. */
  subIterations?: number;
  onProgress?: (progress: TrainProgress) => void;
}

const character = z.string().refine(text => [...text].length === 1, 'one character is expected');

const schema = z.strictObject({
  kind: z.enum([...KINDS, 'byte-bpe']).optional(),
  like: z.looseObject({}).optional(),
  vocabSize: z.int().positive().default(8192),
  minFrequency: z.int().nonnegative().optional(),
  specialTokens: z.array(z.string().min(1)).optional(),
  sentinels: z.int().min(0).optional(),
  threads: z.int().positive().default(availableParallelism),
  split: z.enum(['gpt2', 'gpt4']).optional(),
  lowercase: z.boolean().optional(),
  limitAlphabet: z.int().positive().optional(),
  initialAlphabet: z.array(character).optional(),
  continuingSubwordPrefix: z.string().min(1).optional(),
  endOfWordSuffix: z.string().min(1).optional(),
  maxTokenLength: z.int().positive().optional(),
  byteFallback: z.boolean().optional(),
  maxPieceLength: z.int().min(1).optional(),
  seedSize: z.int().positive().optional(),
  shrinkingFactor: z.number().positive().lt(1).optional(),
  subIterations: z.int().positive().optional(),
  onProgress: z.custom<(progress: TrainProgress) => void>().optional(),
});
export type ResolvedTrainOptions = z.output<typeof schema>;

const ALPHABET = ['limitAlphabet', 'initialAlphabet'] as const;
const AFFIXES = ['continuingSubwordPrefix', 'endOfWordSuffix', 'maxTokenLength'] as const;
const ANY_KIND = ['kind', 'like', 'vocabSize', 'specialTokens', 'sentinels', 'threads', 'onProgress'];

/** The options that each kind knows besides `ANY_KIND`. */
const KNOWN: Record<TokenizerKind | 'character-bpe', readonly (keyof ResolvedTrainOptions)[]> = {
  bpe: ['minFrequency', 'split', 'maxTokenLength'],
  'character-bpe': ['minFrequency', ...ALPHABET, ...AFFIXES],
  wordpiece: ['minFrequency', 'lowercase', ...ALPHABET, 'continuingSubwordPrefix', 'maxTokenLength'],
  'llama-bpe': ['minFrequency', ...ALPHABET, 'maxTokenLength', 'byteFallback'],
  unigram: [...ALPHABET, 'byteFallback', 'maxPieceLength', 'seedSize', 'shrinkingFactor', 'subIterations'],
  wordlevel: ['minFrequency'],
  char: ['minFrequency', 'initialAlphabet'],
};

export const parseTrainOptions = (options: TrainOptions): ResolvedTrainOptions =>
  parseOptions(schema, options, 'trainTokenizer');

/** @throws UserError for an option that this kind would ignore */
export function refuseForeign(kind: keyof typeof KNOWN, options: ResolvedTrainOptions): void {
  const known: readonly string[] = [...ANY_KIND, ...KNOWN[kind]];
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || known.includes(key)) continue;
    const kinds = Object.entries(KNOWN).filter(([, keys]) => (keys as readonly string[]).includes(key));
    throw usageError(
      'TSLM_BAD_VALUE',
      `trainTokenizer: '${key}' means nothing for the kind '${kind}'`,
      `it is for ${kinds.map(([name]) => name).join(', ')}`,
    );
  }
}
