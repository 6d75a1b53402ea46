/**
 * Filling in the middle (Bavarian et al. 2022, 3): a document is cut in three, and its middle put at the end, so that a
 * causal model learns to write what belongs between two texts. It is done document by document before anything is
 * packed.
 */
import { z } from 'zod';
import type { Tokens } from '../data/rows/rows.ts';
import type { Random } from '../support/random.ts';

/** Options beside the causal objective's. */
export const fillInTheMiddleKeys = {
  /** Share of the documents that are rearranged. */
  rate: z.number().min(0).max(1).default(0.5),
  /** Of these, how many have the suffix first (SPM). */
  spmRate: z.number().min(0).max(1).default(0.5),
};

export interface FimIds {
  prefix: number;
  suffix: number;
  middle: number;
}

/**
 * Two places to cut at, and the order of the parts: PSM, or SPM in its second variant, where the middle follows the
 * prefix.
 */
export interface FimPlan {
  cuts: readonly [number, number];
  order: 'psm' | 'spm';
}

/** Undefined: the document stays as it is. */
export function drawFim(
  length: number,
  { rate = 0.5, spmRate = 0.5 }: FimOptions,
  random: Random,
): FimPlan | undefined {
  if (random.next() >= rate) return undefined;
  const [a, b] = [random.below(length + 1), random.below(length + 1)];
  return { cuts: [Math.min(a, b), Math.max(a, b)], order: random.next() < spmRate ? 'spm' : 'psm' };
}

export interface FimOptions {
  rate?: number;
  spmRate?: number;
}

/** `<pre> p <suf> s <mid> m`, or for SPM `<pre> <suf> s <mid> p m`. */
export function applyFim(ids: ArrayLike<number>, { cuts: [from, to], order }: FimPlan, tokens: FimIds): number[] {
  const all = Array.from(ids);
  const [prefix, middle, suffix] = [all.slice(0, from), all.slice(from, to), all.slice(to)];
  return order === 'psm'
    ? [tokens.prefix, ...prefix, tokens.suffix, ...suffix, tokens.middle, ...middle]
    : [tokens.prefix, tokens.suffix, ...suffix, tokens.middle, ...prefix, ...middle];
}

/**
 * A window of documents, some of them rearranged. Each keeps its end token at its end; the window grows by three tokens
 * a document that is.
 *
 * @param starts where documents begin, rising
 * @param isEnd whether a token ends a document
 * @returns the tokens, and where documents begin now
 */
export function fillInTheMiddle(
  { ids, starts }: { ids: Tokens; starts: readonly number[] },
  tokens: FimIds,
  isEnd: (id: number) => boolean,
  options: FimOptions,
  random: Random,
): { ids: Uint32Array; starts: number[] } {
  const bounds = [...new Set([0, ...starts]), ids.length];
  const result: number[] = [];
  const begins: number[] = [];
  for (let i = 0; i + 1 < bounds.length; i++) {
    const document = ids.subarray(bounds[i], bounds[i + 1]);
    if (starts.includes(bounds[i])) begins.push(result.length);
    const end = document.length > 0 && isEnd(document[document.length - 1]) ? document.length - 1 : document.length;
    const plan = end > 0 ? drawFim(end, options, random) : undefined;
    const body = document.subarray(0, end);
    for (const id of plan ? applyFim(body, plan, tokens) : body) result.push(id);
    for (const id of document.subarray(end)) result.push(id);
  }
  return { ids: Uint32Array.from(result), starts: begins };
}
