/** What a model reads so that every token of a split is predicted once. */
import type { CorpusSplit } from '../data/corpus/corpus-split.ts';
import { slidingWindows } from '../support/sliding-windows.ts';

export interface EvaluationWindow {
  /** Tokens in front of the first one of the split. */
  before: readonly number[];
  /** Tokens `begin` to `end` of the split, the last of which is only predicted. */
  begin: number;
  end: number;
  /** Where in the split the tokens stand that are predicted. */
  scored: number[];
}

/**
 * Windows of at most `context` tokens that move on by `stride`. The first token follows `startToken`; with a `prefix`, every
 * window begins with it, and the prefixes of the documents are read and not predicted.
 *
 * @param used how many tokens of the split
 */
export function evaluationWindows(
  split: CorpusSplit,
  used: number,
  {
    context,
    stride,
    startToken,
    prefix,
  }: { context: number; stride: number; startToken: number | null; prefix: readonly number[] },
): EvaluationWindow[] {
  const prefixes = prefix.length > 0 ? prefixPlaces(split, used, prefix.length) : undefined;
  const lead = prefixes || startToken === null ? [] : [startToken];
  // Whatever stands in front takes the place of tokens; the last token of a window is predicted and not read.
  const size = context + 1;
  const step = Math.min(stride, size - prefix.length);
  const options = { size, step, first: size - lead.length, fillsLast: true };
  return slidingWindows(used, options).flatMap(({ begin, end, fresh }) => {
    // A window that starts inside a document has no prefix of its own.
    const before = fresh === 0 ? lead : prefixes && begin > 0 ? prefix : [];
    const from = fresh > 0 ? begin + before.length : begin;
    const scored: number[] = [];
    for (let at = Math.max(fresh, from + (before.length > 0 ? 0 : 1)); at < end; at++) {
      if (!prefixes?.has(at)) scored.push(at);
    }
    return scored.length > 0 ? [{ before, begin: from, end, scored }] : [];
  });
}

/** Where the tokens stand that every document begins with. */
function prefixPlaces(split: CorpusSplit, used: number, length: number): Set<number> {
  const places = new Set<number>();
  for (let document = 0; document < split.documents; document++) {
    const { start, end } = split.documentRange(document);
    if (start >= used) break;
    for (let at = start; at < Math.min(end, start + length); at++) places.add(at);
  }
  return places;
}
