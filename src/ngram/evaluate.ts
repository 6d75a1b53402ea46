/** How well an n-gram model predicts data that it has not seen. */
import type { SplitName } from '../data/corpus/corpus-index.ts';
import { UserError } from '../support/errors.ts';
import { unknownBits } from '../tokenizers/encode/unknown.ts';
import { isCorpus, readPieces } from './pieces.ts';
import type { StoredNgram } from './storage.ts';

export interface NgramEvaluation {
  /** Mean negative log probability, nats per token. */
  loss: number;
  /** exp(loss). */
  perplexity: number;
  /**
   * Of the UTF-8 text, line ends included; null where unknown words leave open which bytes they stand for. What unknown
   * tokens of a tokenizer stand for is charged as `unknownBits` says.
   */
  bitsPerByte: number | null;
  /** The same for each Unicode code point. */
  bitsPerCharacter: number | null;
  tokens: number;
  bytes: number;
  characters: number;
  /** Tokens that were the unknown word, or unknown to the tokenizer. */
  unknown: number;
}

/**
 * Scores a corpus directory or a text file, a piece in memory at a time.
 *
 * @param options.split of a corpus. Default `validation`
 * @param options.encoding of a text that is not UTF-8. Default `auto`
 * @param options.onTokens called with the number of tokens scored so far
 * @throws UserError for data that are empty or not made with the model's vocabulary
 */
export async function evaluateNgram(
  stored: StoredNgram,
  path: string,
  {
    split = 'validation',
    encoding,
    onTokens,
  }: { split?: SplitName; encoding?: string; onTokens?: (tokens: number) => void } = {},
): Promise<NgramEvaluation> {
  const { model, lexicon } = stored;
  const { unknown } = model.vocabulary;
  const total = { logProb: 0, tokens: 0, bytes: 0, characters: 0, unknownWords: 0 };
  const hidden = { tokens: 0, bytes: 0 };
  const state = model.start();
  for await (const { tokens, bytes, characters, unknown: unread } of readPieces(stored, path, { split, encoding })) {
    const score = model.score(tokens, state);
    total.logProb += score.logProb;
    total.tokens += score.tokens;
    total.bytes += bytes;
    total.characters += characters;
    hidden.tokens += unread.tokens;
    hidden.bytes += unread.bytes;
    if (lexicon) for (let i = 0; i < tokens.length; i++) if (tokens[i] === unknown) total.unknownWords++;
    onTokens?.(total.tokens);
  }
  if (total.tokens === 0) {
    throw new UserError('TSLM_NGRAM_EMPTY', `${path}: no tokens to evaluate on`, {
      hint: isCorpus(path) ? `the split '${split}' is empty: choose another one with --split` : 'the file is empty',
    });
  }
  const loss = -total.logProb / total.tokens;
  const bits = -total.logProb / Math.LN2 + unknownBits(hidden);
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: total.unknownWords > 0 ? null : bits / total.bytes,
    bitsPerCharacter: total.unknownWords > 0 ? null : bits / total.characters,
    tokens: total.tokens,
    bytes: total.bytes,
    characters: total.characters,
    unknown: total.unknownWords + hidden.tokens,
  };
}
