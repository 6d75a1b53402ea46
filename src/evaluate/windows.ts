/** What a model reads so that every token of a split is predicted once. */
import type { CorpusSplit } from '../data/corpus/corpus-split.ts';

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
  const windows: EvaluationWindow[] = [];
  const prefixes = prefix.length > 0 ? prefixPlaces(split, used, prefix.length) : undefined;
  for (let done = 0; done < used; ) {
    let begin = 0;
    let before: readonly number[] = prefixes || startToken === null ? [] : [startToken];
    let end = Math.min(used, context + 1 - before.length);
    if (done > 0) {
      // Whatever stands in front takes the place of tokens.
      end = Math.min(used, done + Math.min(stride, context + 1 - prefix.length));
      begin = Math.max(0, end - 1 - context);
      before = [];
      // A window that starts inside a document has no prefix of its own.
      if (prefixes && begin > 0) {
        before = prefix;
        begin += prefix.length;
      }
    }
    const scored: number[] = [];
    for (let at = Math.max(done, begin + (before.length > 0 ? 0 : 1)); at < end; at++) {
      if (!prefixes?.has(at)) scored.push(at);
    }
    if (scored.length > 0) windows.push({ before, begin, end, scored });
    done = end;
  }
  return windows;
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
