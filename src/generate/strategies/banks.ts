/**
 * Beams that must come to hold words: continuations stand in banks by how much they lack, and the banks choose in turn
 * (Post & Vilar 2018, arXiv:1804.06609, and as in transformers 4), so that texts which have written a word are not crowded
 * out by more probable ones that have not. One that lacks least is always kept and can always go on, so that a text with
 * all words is found wherever the length allows.
 */
import { bestCandidates, type Candidate } from './candidates.ts';
import type { ForcedWords } from './forced-words.ts';

interface Text {
  ids: readonly number[];
  score: number;
}

/** Scores below are of beams that only fill their place. */
const DEAD = -1e8;

/**
 * The best candidates of each beam, and those that write a token of a missing word; no text ends before it has all words.
 *
 * @param logProbs of the next token after each open beam; ends that come too early are forbidden in place
 */
export function forcedCandidates(
  open: readonly Text[],
  logProbs: readonly Float32Array[],
  words: ForcedWords,
  { promptLength, eosTokenId }: { promptLength: number; eosTokenId: readonly number[] },
): Candidate[] {
  return open.flatMap(({ ids, score }, beam) => {
    const generated = ids.slice(promptLength);
    const row = logProbs[beam];
    if (words.missing(generated) > 0) for (const eos of eosTokenId) row[eos] = Number.NEGATIVE_INFINITY;
    const best = bestCandidates([score], [row], open.length).map(candidate => ({ ...candidate, beam }));
    if (score < DEAD) return best;
    const others = words
      .next(generated)
      .filter(id => row[id] > Number.NEGATIVE_INFINITY && !best.some(one => one.id === id));
    return [...best, ...others.map(id => ({ beam, id, logProb: row[id], score: Math.fround(score + row[id]) }))];
  });
}

/**
 * One of each bank in turn, from those that lack least to those that lack most, the best of each first. Banks that may
 * lack more than there is room for come after those, and last what fills places.
 *
 * @param lackOf tokens that a text lacks
 * @param room tokens that it may still get
 */
export function inTurn<T extends Text & { stop?: unknown }>(
  texts: readonly T[],
  lackOf: (text: T) => number,
  room: number,
): T[] {
  const banks = new Map<number, T[]>();
  const rest: T[] = [];
  for (const text of [...texts].sort((a, b) => b.score - a.score)) {
    const lack = lackOf(text);
    if (text.score < DEAD || (text.stop !== undefined && lack > 0)) rest.push(text);
    else banks.set(lack, [...(banks.get(lack) ?? []), text]);
  }
  const lacks = [...banks.keys()].sort((a, b) => a - b);
  const possible = lacks.filter(lack => lack <= room);
  const doubtful = lacks.filter(lack => lack > room);
  return [possible, doubtful].flatMap(some => turns(some.map(lack => banks.get(lack)!))).concat(rest);
}

function turns<T>(banks: readonly T[][]): T[] {
  const longest = Math.max(0, ...banks.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => banks.flatMap(bank => bank.slice(turn, turn + 1))).flat();
}
