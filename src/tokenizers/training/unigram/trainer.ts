/**
 * Training of a unigram language model (Kudo 2018): from many frequent substrings, expectation–maximization finds their
 * probabilities, and those that are needed least are dropped until the vocabulary has its size. With the steps and
 * constants of SentencePiece as Hugging Face's `UnigramTrainer` has them.
 */
import { alphabetOf, checkRoom } from '../alphabet.ts';
import type { WordCounts } from '../word-table.ts';
import { createCorpus, shared, type UnigramCorpus } from './corpus.ts';
import { type LatticeModel, UNKNOWN_PIECE } from './lattice.ts';
import { createTree, type Pieces, seedPieces, selectPieces } from './pieces.ts';
import { prunePieces } from './prune.ts';
import { LatticeThreads } from './threads.ts';

export interface UnigramOptions {
  /** Tokens in all, special tokens included. */
  vocabSize: number;
  /** These get the first ids, with score 0; the unknown token must be among them. */
  specialTokens: readonly string[];
  /** How many characters get a token: the most frequent ones. Default all. */
  limitAlphabet?: number;
  /** Characters that get a token whether they occur or not. */
  initialAlphabet?: readonly string[];
  /** Characters of a token at most. Default 16. */
  maxPieceLength?: number;
  /** Substrings to begin with. Default 1,000,000. */
  seedSize?: number;
  /** The share of the pieces that is kept in each round. Default 0.75. */
  shrinkingFactor?: number;
  /** Steps of expectation–maximization in each round. Default 2. */
  subIterations?: number;
  threads?: number;
  /** Called after each round with the number of pieces. */
  onProgress?: (pieces: number) => void;
}

/** Tokens and their log probabilities. */
export type UnigramVocab = [token: string, score: number][];

/** Pieces that are expected less often are dropped. */
const LEAST_EXPECTED = 0.5;
/** How much worse than the worst piece an unknown character is. */
const UNKNOWN_PENALTY = 10;
/** By how much the scores of characters that have lost their piece differ. */
const REQUIRED_STEP = 0.0001;

export async function trainUnigram(counts: WordCounts, options: UnigramOptions): Promise<UnigramVocab> {
  const { vocabSize, specialTokens, shrinkingFactor = 0.75, subIterations = 2, threads = 1, onProgress } = options;
  const { maxPieceLength = 16, seedSize = 1_000_000 } = options;
  const alphabet = alphabetOf(counts, options);
  checkRoom(vocabSize, alphabet.length, specialTokens.length);
  const corpus = createCorpus(counts, alphabet);
  const target = Math.floor((vocabSize * 11) / 10);
  let pieces = withUnknown(seedPieces(corpus, { maxPieceLength, seedSize }));
  const lattices = new LatticeThreads(corpus, threads);
  try {
    for (;;) {
      for (let step = 0; step < subIterations; step++) {
        pieces = maximize(pieces, await lattices.run('expected', modelOf(pieces, corpus)));
      }
      const size = pieces.starts.length;
      onProgress?.(size);
      if (size <= target) break;
      const model = modelOf(pieces, corpus);
      const frequencies = await lattices.run('best', model);
      pieces = prunePieces(corpus, pieces, model, frequencies, Math.max(target, Math.floor(size * shrinkingFactor)));
      // Characters alone can be more than the target.
      if (pieces.starts.length === size) break;
    }
  } finally {
    await lattices.stop();
  }
  return finalVocab(pieces, corpus, alphabet, vocabSize, specialTokens);
}

/** Piece 0 stands for what is unknown; it has no characters. */
function withUnknown({ starts, lengths, ranks, scores }: Pieces): Pieces {
  const first = <Array extends Int32Array | Float64Array>(array: Array, value: number): number[] => [value, ...array];
  return {
    starts: Int32Array.from(first(starts, 0)),
    lengths: Int32Array.from(first(lengths, 0)),
    ranks: Int32Array.from(first(ranks, 0)),
    scores: Float64Array.from(first(scores, 0)),
  };
}

function modelOf(pieces: Pieces, corpus: UnigramCorpus): LatticeModel {
  const scores = shared(Float64Array, pieces.scores.length);
  scores.set(pieces.scores);
  return {
    tree: createTree(pieces, corpus.chars),
    scores,
    unknownScore: worstScore(pieces) - UNKNOWN_PENALTY,
  };
}

const worstScore = ({ scores }: Pieces): number =>
  scores.subarray(1).reduce((worst, score) => Math.min(worst, score), Number.POSITIVE_INFINITY);

/** The pieces with their new probabilities; digamma makes the prior sparse, a variational Bayesian step. */
function maximize(pieces: Pieces, expected: Float64Array): Pieces {
  const kept = [UNKNOWN_PIECE];
  let sum = 0;
  for (let piece = 1; piece < pieces.starts.length; piece++) {
    if (expected[piece] < LEAST_EXPECTED) continue;
    kept.push(piece);
    sum += expected[piece];
  }
  const logSum = digamma(sum);
  return selectPieces(
    pieces,
    kept,
    kept.map(piece => (piece === UNKNOWN_PIECE ? 0 : digamma(expected[piece]) - logSum)),
  );
}

/** The derivative of ln Γ: recurrence up to 7, then its asymptotic series around x − ½. */
export function digamma(x: number): number {
  let result = 0;
  let at = x;
  for (; at < 7; at++) result -= 1 / at;
  at -= 0.5;
  const square = 1 / (at * at);
  const series = square * (1 / 24 - square * (7 / 960 - square * (31 / 8064 - (square * 127) / 30720)));
  return result + Math.log(at) + series;
}

/** Special tokens, then all characters and the first of the other pieces, by score. */
function finalVocab(
  pieces: Pieces,
  corpus: UnigramCorpus,
  alphabet: readonly string[],
  vocabSize: number,
  specialTokens: readonly string[],
): UnigramVocab {
  const textOf = (piece: number): string => {
    const start = pieces.starts[piece];
    const chars = corpus.chars.subarray(start, start + pieces.lengths[piece]);
    return Array.from(chars, char => alphabet[char - 1]).join('');
  };
  const texts = Array.from(pieces.starts, (_, piece) => (piece === UNKNOWN_PIECE ? '' : textOf(piece)));
  const scores = new Map(texts.map((text, piece) => [text, pieces.scores[piece]]));
  const special = new Set(specialTokens);
  const chosen: UnigramVocab = [];
  let missing = worstScore(pieces);
  for (const char of alphabet) {
    if (special.has(char)) continue;
    const score = scores.get(char);
    chosen.push([char, score ?? missing]);
    if (score === undefined) missing += REQUIRED_STEP;
  }
  const required = new Set([...alphabet, ...special]);
  const others = texts.slice(1).filter(text => !required.has(text));
  for (const text of others.slice(0, vocabSize - special.size - chosen.length)) chosen.push([text, scores.get(text)!]);
  chosen.sort(([, a], [, b]) => b - a);
  return [...[...special].map((token): [string, number] => [token, 0]), ...chosen];
}
