/** What becomes of delimiters, as `behavior` in tokenizer.json says. */
import { z } from 'zod';
import type { AlignedText } from '../aligned-text.ts';

export const splitBehaviorSchema = z.enum([
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
]);
/** What becomes of a delimiter; for `-` in `the-final--countdown`, Isolated gives `the - final - - countdown`. */
export type SplitBehavior = z.output<typeof splitBehaviorSchema>;

interface Span {
  start: number;
  end: number;
  isMatch: boolean;
}

/** Splits at the matches of a global regular expression; `invert` takes what lies between them as delimiters. */
export function splitAtMatches(
  text: AlignedText,
  regex: RegExp,
  behavior: SplitBehavior,
  invert = false,
): AlignedText[] {
  const spans: Span[] = [];
  let done = 0;
  for (const match of text.text.matchAll(regex)) {
    if (match.index > done) spans.push({ start: done, end: match.index, isMatch: invert });
    done = match.index + match[0].length;
    spans.push({ start: match.index, end: done, isMatch: !invert });
  }
  if (done < text.length) spans.push({ start: done, end: text.length, isMatch: invert });
  return arrange(spans, behavior).map(({ start, end }) => text.slice(start, end));
}

function arrange(spans: Span[], behavior: SplitBehavior): Span[] {
  switch (behavior) {
    case 'Isolated':
      return spans;
    case 'Removed':
      return spans.filter(span => !span.isMatch);
    case 'Contiguous':
      return join(spans, (span, previousMatched) => span.isMatch === previousMatched);
    case 'MergedWithPrevious':
      return join(spans, (span, previousMatched) => span.isMatch && !previousMatched);
    case 'MergedWithNext':
      return join(spans.toReversed(), (span, previousMatched) => span.isMatch && !previousMatched).toReversed();
  }
}

/** Joins a span to the one taken before it where `belongs` says so. */
function join(spans: Span[], belongs: (span: Span, previousMatched: boolean) => boolean): Span[] {
  const joined: Span[] = [];
  let previousMatched = false;
  for (const span of spans) {
    const last = joined.at(-1);
    if (last && belongs(span, previousMatched)) {
      last.start = Math.min(last.start, span.start);
      last.end = Math.max(last.end, span.end);
    } else {
      joined.push({ ...span });
    }
    previousMatched = span.isMatch;
  }
  return joined;
}
