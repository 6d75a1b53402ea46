/**
 * Two segments of one document or of two, cut to fit and put between a tokenizer's special tokens (Devlin et al. 2019,
 * A.2).
 */
import type { Random } from '../support/random.ts';
import type { PairFrame } from '../tokenizers/tokenizer.ts';

export type Sentences = readonly ArrayLike<number>[];

export interface Pair {
  a: number[];
  b: number[];
  /** 1: `b` comes from another document, or both are swapped. */
  label: 0 | 1;
}

const joined = (sentences: Sentences): number[] => sentences.flatMap(ids => Array.from(ids));

/** A random sentence that is followed by enough tokens, in enough sentences; the first where there is none. */
function drawStart(sentences: Sentences, tokens: number, count: number, random: Random): number {
  let [start, after] = [sentences.length, 0];
  while (start > 0 && (after < tokens || sentences.length - start < count)) after += sentences[--start].length;
  return random.below(start + 1);
}

/**
 * Consecutive sentences of this many tokens, at least two of them where the document has two. The one that is too much is the last
 * or the first equally often, so that lengths do not tell the order.
 */
function drawChunk(sentences: Sentences, length: number, random: Random): ArrayLike<number>[] {
  const goesOn = random.next() < 0.5;
  const ordered = goesOn ? sentences : [...sentences].reverse();
  const chunk: ArrayLike<number>[] = [];
  let tokens = 0;
  for (let i = drawStart(ordered, length, 2, random); i < ordered.length; i++) {
    if (tokens >= length && chunk.length >= 2) break;
    chunk.push(ordered[i]);
    tokens += ordered[i].length;
  }
  return goesOn ? chunk : chunk.reverse();
}

/** Mostly as much as fits, sometimes less, so that the model knows short inputs, too. */
export const drawLength = (most: number, shortShare: number, random: Random): number =>
  random.next() < shortShare ? 2 + random.below(Math.max(1, most - 1)) : most;

/**
 * Segments that follow each other (0), or of which the second comes from another document (1), half of the time each.
 */
export function drawNextSentence(sentences: Sentences, length: number, other: () => Sentences, random: Random): Pair {
  const chunk = drawChunk(sentences, length, random);
  const split = chunk.length === 1 ? 1 : 1 + random.below(chunk.length - 1);
  const a = joined(chunk.slice(0, split));
  if (chunk.length > 1 && random.next() < 0.5) return { a, b: joined(chunk.slice(split)), label: 0 };
  const elsewhere = other();
  const room = Math.max(1, length - a.length);
  const b: number[] = [];
  for (let i = drawStart(elsewhere, room, 1, random); i < elsewhere.length && b.length < room; i++) {
    b.push(...Array.from(elsewhere[i]));
  }
  return { a, b, label: 1 };
}

/**
 * Segments that follow each other, in their order (0) or swapped (1), half of the time each. A lone sentence is cut in
 * two.
 */
export function drawSentenceOrder(sentences: Sentences, length: number, random: Random): Pair {
  const chunk = drawChunk(sentences, length, random);
  const tokens = joined(chunk);
  const split =
    chunk.length === 1
      ? 1 + random.below(Math.max(1, tokens.length - 1))
      : joined(chunk.slice(0, 1 + random.below(chunk.length - 1))).length;
  const [first, second] = [tokens.slice(0, split), tokens.slice(split)];
  return random.next() < 0.5 ? { a: first, b: second, label: 0 } : { a: second, b: first, label: 1 };
}

/**
 * While both are too long together, the longer one loses a token (the second where they are equal), in front or at the
 * end. Segments are swapped before, not after: their lengths would say it.
 */
export function truncatePair(
  a: readonly number[],
  b: readonly number[],
  most: number,
  cutsFront: () => boolean,
): [a: number[], b: number[]] {
  const ends = [
    { ids: a, from: 0, to: a.length },
    { ids: b, from: 0, to: b.length },
  ];
  const lengthOf = (i: number): number => ends[i].to - ends[i].from;
  while (lengthOf(0) + lengthOf(1) > most) {
    const longer = ends[lengthOf(0) > lengthOf(1) ? 0 : 1];
    if (cutsFront()) longer.from++;
    else longer.to--;
  }
  const [first, second] = ends.map(({ ids, from, to }) => ids.slice(from, to));
  return [first, second];
}

export interface FramedPair {
  ids: number[];
  /** The segment of each token. */
  types: number[];
}

export function framePair(a: readonly number[], b: readonly number[], frame: PairFrame): FramedPair {
  const { before, between, after, types } = frame;
  return {
    ids: [...before.ids, ...a, ...between.ids, ...b, ...after.ids],
    types: [...before.types, ...a.map(() => types[0]), ...between.types, ...b.map(() => types[1]), ...after.types],
  };
}
