/**
 * How a text is spoiled (BART, Lewis et al. 2020, 2.2): spans are replaced by a mask each (infilling) or nothing
 * (deletion), tokens inserted, the whole rotated. What happens where is drawn first and then applied.
 */
import type { Random } from '../support/random.ts';

/** A span of tokens; of length 0 a place before `start`. */
export type Span = readonly [start: number, length: number];

/** How many, by Knuth's product of uniform numbers; for small means. */
export function drawPoisson(mean: number, random: Random): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count++;
  return count;
}

/** Spans of `share` of the tokens, which neither overlap nor touch, rising. */
export function drawSpans(tokens: number, share: number, meanSpan: number, random: Random): Span[] {
  const budget = Math.floor(tokens * share + random.next());
  const lengths: number[] = [];
  for (let left = budget; left > 0; ) {
    const length = Math.min(drawPoisson(meanSpan, random), left);
    lengths.push(length);
    left -= length;
  }
  // A token at least stands between two spans.
  const free = (): number =>
    tokens - lengths.reduce((sum, length) => sum + length, 0) - Math.max(0, lengths.length - 1);
  while (free() < 0) lengths.pop();
  // All ways to divide the free tokens among the gaps are equally likely.
  const gaps = random.shuffle(Array.from({ length: free() + lengths.length }, (_, i) => i)).slice(0, lengths.length);
  let before = 0;
  return gaps
    .sort((a, b) => a - b)
    .map((gap, i): Span => {
      const start = gap + before;
      before += lengths[i];
      return [start, lengths[i]];
    });
}

export function applySpans(
  tokens: readonly number[],
  spans: readonly Span[],
  maskId: number,
  replace: 'mask' | 'nothing' | 'masks' = 'mask',
): number[] {
  const result: number[] = [];
  let from = 0;
  for (const [start, length] of spans) {
    for (; from < start; from++) result.push(tokens[from]);
    const masks = replace === 'mask' ? 1 : replace === 'masks' ? length : 0;
    for (let i = 0; i < masks; i++) result.push(maskId);
    from += length;
  }
  return result.concat(tokens.slice(from));
}

/** The text with tokens inserted, each before the position that it names. */
export function applyInsertions(tokens: readonly number[], places: readonly (readonly [at: number, token: number])[]) {
  const sorted = [...places].sort(([a], [b]) => a - b);
  const result: number[] = [];
  for (let i = 0, next = 0; i <= tokens.length; i++) {
    while (next < sorted.length && sorted[next][0] === i) result.push(sorted[next++][1]);
    if (i < tokens.length) result.push(tokens[i]);
  }
  return result;
}

export const applyRotation = (tokens: readonly number[], offset: number): number[] => [
  ...tokens.slice(offset),
  ...tokens.slice(0, offset),
];
