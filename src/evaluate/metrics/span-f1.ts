/** F1 of named entities: a span is right where beginning, end and type are, as conlleval and the package seqeval count. */
import { requireAsMany } from './bleu.ts';
import { type PrfReport, reportOf } from './f1.ts';

export interface Span {
  type: string;
  begin: number;
  /** Behind the last word. */
  end: number;
}

/**
 * Spans of BIO tags.
 *
 * @param isStrict only B- opens a span; otherwise an I- that continues nothing, or another type, does too
 */
export function spansOf(tags: readonly string[], { isStrict = false }: { isStrict?: boolean } = {}): Span[] {
  const spans: Span[] = [];
  let open: Span | undefined;
  for (const [at, tag] of tags.entries()) {
    const [, prefix, type] = /^([BI])-(.*)$/.exec(tag) ?? [];
    if (prefix === 'I' && open?.type === type) {
      open.end = at + 1;
      continue;
    }
    const opens = prefix === 'B' || (prefix === 'I' && !isStrict);
    open = opens ? { type, begin: at, end: at + 1 } : undefined;
    if (open) spans.push(open);
  }
  return spans;
}

/** Over all sentences; the labels are the types, in order. */
export function spanReport(
  truth: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
  options: { isStrict?: boolean } = {},
): PrfReport {
  requireAsMany(truth, predicted);
  const keysOf = (sentences: readonly (readonly string[])[]): Map<string, Set<string>> => {
    const byType = new Map<string, Set<string>>();
    for (const [s, tags] of sentences.entries()) {
      for (const { type, begin, end } of spansOf(tags, options)) {
        const keys = byType.get(type) ?? new Set();
        byType.set(type, keys.add(`${s}:${begin}-${end}`));
      }
    }
    return byType;
  };
  const [there, found] = [keysOf(truth), keysOf(predicted)];
  const types = [...new Set([...there.keys(), ...found.keys()])].sort();
  const counts = types.map(type => {
    const own = found.get(type) ?? new Set<string>();
    const others = there.get(type) ?? new Set<string>();
    return { right: [...own].filter(key => others.has(key)).length, predicted: own.size, there: others.size };
  });
  return reportOf(types, counts);
}
