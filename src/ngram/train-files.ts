/** Trains an n-gram model on what lies on disk. */
import { openCorpus } from '../data/corpus/corpus.ts';
import type { SplitName } from '../data/corpus/corpus-index.ts';
import { concatenate, isCorpus, type Piece, readLines, readSplit } from './pieces.ts';
import type { StoredNgram } from './storage.ts';
import { Lexicon, type TextUnits } from './text.ts';
import { type NgramTrainingOptions, trainNgram } from './train.ts';
import { tokenVocabulary } from './vocabulary.ts';

export interface NgramDataOptions extends NgramTrainingOptions {
  /** Split of a corpus. Default `train`. */
  split?: SplitName;
  /** What a token of a plain text is. Default `words`. */
  units?: TextUnits;
  /** Of a plain text that is not UTF-8: see `readTextFile`. Default `auto`. */
  encoding?: string;
}

/**
 * Trains on a corpus directory or a text file.
 *
 * @throws UserError for data that cannot be read or hold no tokens, and impossible options
 */
export async function trainNgramOn(
  path: string,
  { split = 'train', units = 'words', encoding, ...options }: NgramDataOptions = {},
): Promise<StoredNgram> {
  const { smoothing = 'modified', prune = [] } = options;
  const provenance = { source: path, smoothing, prune: [...prune] };
  if (isCorpus(path)) {
    const corpus = openCorpus(path);
    const { vocab_size, eos_token_id, tokenizer_sha256 } = corpus.index;
    const tokens = concatenate(Array.from(readSplit(corpus.split(split)), piece => piece.tokens));
    const { model, report } = trainNgram(tokens, tokenVocabulary(vocab_size, eos_token_id ?? undefined), options);
    return {
      model,
      provenance: { ...provenance, split, tokenizer_sha256, tokens: tokens.length, levels: report },
      tokenizer: () => corpus.tokenizer(),
    };
  }
  const lexicon = new Lexicon(units);
  const pieces: Piece['tokens'][] = [];
  for await (const { tokens } of readLines(path, lexicon, { grow: true, encoding })) pieces.push(tokens);
  const tokens = concatenate(pieces);
  const { model, report } = trainNgram(tokens, lexicon.vocabulary, options);
  return { model, provenance: { ...provenance, tokens: tokens.length, levels: report }, lexicon };
}
