/**
 * Translation edit rate (Snover et al. 2006) as sacreBLEU 2 computes it after Tercom: the fewest insertions, deletions,
 * substitutions and shifts of a run of words that make a reference of a text, by the mean number of words of its references.
 */
import { requireAsMany } from './bleu.ts';
import { createBeamDistance, flipped, type Trace } from './edit-trace.ts';
import { type TerOptions, terWords } from './ter-words.ts';

export type { TerOptions } from './ter-words.ts';

export interface TerStatistics {
  edits: number;
  /** Mean number of words of the references. */
  length: number;
}

export function terStatistics(
  hypothesis: string,
  references: readonly string[],
  options: TerOptions = {},
): TerStatistics {
  const words = terWords(hypothesis, options);
  const others = references.map(reference => terWords(reference, options));
  const edits = others.map(other => editsBetween(words, other));
  return {
    edits: Math.min(...edits),
    length: others.reduce((sum, { length }) => sum + length, 0) / others.length,
  };
}

export const addTerStatistics = (all: readonly TerStatistics[]): TerStatistics =>
  all.reduce((sum, one) => ({ edits: sum.edits + one.edits, length: sum.length + one.length }), {
    edits: 0,
    length: 0,
  });

/** 0 is best; 100: as many edits as the references have words. */
export const terOf = ({ edits, length }: TerStatistics): number =>
  length > 0 ? (100 * edits) / length : edits > 0 ? 100 : 0;

/** @throws UserError when there are not as many lists of references as texts */
export function corpusTer(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: TerOptions = {},
): number {
  requireAsMany(hypotheses, references);
  return terOf(addTerStatistics(hypotheses.map((text, i) => terStatistics(text, references[i], options))));
}

/** As Tercom limits its search. */
const MOST = { shiftSize: 10, shiftDistance: 50, candidates: 1000 };

/** Shifts as long as they pay, then single edits. */
function editsBetween(hypothesis: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return hypothesis.length;
  const distanceOf = createBeamDistance(reference);
  let words = hypothesis;
  let shifts = 0;
  let tried = 0;
  while (true) {
    const { gain, shifted, candidates } = bestShift(words, reference, distanceOf);
    tried += candidates;
    if (tried >= MOST.candidates || gain <= 0) break;
    shifts++;
    words = shifted;
  }
  return shifts + distanceOf(words).cost;
}

interface Shift {
  gain: number;
  length: number;
  from: number;
  to: number;
  shifted: readonly string[];
}

function bestShift(
  words: readonly string[],
  reference: readonly string[],
  distanceOf: ReturnType<typeof createBeamDistance>,
): { gain: number; shifted: readonly string[]; candidates: number } {
  const before = distanceOf(words);
  const { align, wrongInReference, wrongInText } = alignment(flipped(before.trace));
  let best: Shift | undefined;
  let candidates = 0;
  for (const [from, at, length] of equalRuns(words, reference)) {
    // Only what is wrong at both ends is worth a shift, and not one within itself.
    const isRight = (wrong: readonly boolean[], start: number): boolean =>
      !wrong.slice(start, start + length).includes(true);
    if (isRight(wrongInText, from) || isRight(wrongInReference, at)) continue;
    if (from <= align[at] && align[at] < from + length) continue;
    let previous = -1;
    for (let offset = -1; offset < length; offset++) {
      const place = at + offset === -1 ? -1 : align[at + offset];
      if (place === undefined) break;
      const to = place + 1;
      if (to === previous) continue;
      previous = to;
      const shifted = shift(words, from, length, to);
      const candidate = { gain: before.cost - distanceOf(shifted).cost, length, from, to, shifted };
      candidates++;
      if (best === undefined || isBetter(candidate, best)) best = candidate;
    }
    if (candidates >= MOST.candidates) break;
  }
  return { gain: best?.gain ?? 0, shifted: best?.shifted ?? words, candidates };
}

/** The most gained, then the longest, then the first, then the one that goes to the first place. */
function isBetter(a: Shift, b: Shift): boolean {
  if (a.gain !== b.gain) return a.gain > b.gain;
  if (a.length !== b.length) return a.length > b.length;
  if (a.from !== b.from) return a.from < b.from;
  if (a.to !== b.to) return a.to < b.to;
  return a.shifted.join('\0') > b.shifted.join('\0');
}

/** Runs that stand in both, with every length that they have. */
function* equalRuns(words: readonly string[], reference: readonly string[]): Generator<[number, number, number]> {
  for (let from = 0; from < words.length; from++) {
    for (let at = 0; at < reference.length; at++) {
      if (Math.abs(at - from) > MOST.shiftDistance) continue;
      for (let length = 0; length < MOST.shiftSize && words[from + length] === reference[at + length]; ) {
        length++;
        yield [from, at, length];
        if (from + length === words.length || at + length === reference.length) break;
      }
    }
  }
}

function shift(words: readonly string[], from: number, length: number, to: number): string[] {
  const run = words.slice(from, from + length);
  if (to < from) return [...words.slice(0, to), ...run, ...words.slice(to, from), ...words.slice(from + length)];
  const end = to > from + length ? to : length + to;
  return [...words.slice(0, from), ...words.slice(from + length, end), ...run, ...words.slice(end)];
}

/** Where each word of the reference stands in the text, and which words of either are wrong. */
function alignment(trace: Trace): { align: number[]; wrongInReference: boolean[]; wrongInText: boolean[] } {
  const align: number[] = [];
  const [wrongInReference, wrongInText]: boolean[][] = [[], []];
  for (const edit of trace) {
    const isWrong = edit !== 'same';
    if (edit !== 'delete') wrongInText.push(isWrong);
    if (edit !== 'insert') {
      wrongInReference.push(isWrong);
      align.push(wrongInText.length - 1);
    }
  }
  return { align, wrongInReference, wrongInText };
}
