/** `^` and `$`: which texts match as a whole, or contain a match. */
import { usageError } from '../../support/errors.ts';
import { choice, EMPTY, type Expression, repeat, sequence } from '../automata/expression.ts';
import { ANYTHING, type Pattern } from './parse.ts';

type Side = 'start' | 'end';

/** What a pattern is where it is anchored at a side, and where it is not. */
interface Split {
  anchored: Pattern[];
  free: Pattern[];
}

/** The texts that match as a whole: as if the pattern stood between `^` and `$`. */
export const wholeMatch = (pattern: Pattern): Expression => expressionOf(pattern, EMPTY);

/** The texts in which the pattern matches somewhere, as JSON Schema's `pattern` means it. */
export const anyMatch = (pattern: Pattern): Expression => expressionOf(pattern, ANYTHING);

/** @param around what may stand beside a match that is not anchored there */
function expressionOf(pattern: Pattern, around: Expression): Expression {
  const starts = split(pattern, 'start');
  const options = (['anchored', 'free'] as const).flatMap(atStart =>
    starts[atStart].flatMap(rest => {
      const ends = split(rest, 'end');
      return (['anchored', 'free'] as const).flatMap(atEnd =>
        ends[atEnd].map(inner =>
          sequence(
            ...(atStart === 'free' && around !== EMPTY ? [around] : []),
            withoutAnchors(inner),
            ...(atEnd === 'free' && around !== EMPTY ? [around] : []),
          ),
        ),
      );
    }),
  );
  return choice(...options);
}

function split(pattern: Pattern, side: Side): Split {
  if (pattern.kind === 'anchor' && pattern.side === side)
    return { anchored: [{ kind: 'sequence', parts: [] }], free: [] };
  if (pattern.kind === 'choice' && hasAnchor(pattern)) {
    const all = pattern.options.map(option => split(option, side));
    return { anchored: all.flatMap(({ anchored }) => anchored), free: all.flatMap(({ free }) => free) };
  }
  if (pattern.kind !== 'sequence' || pattern.parts.length === 0) return { anchored: [], free: [pattern] };
  const { parts } = pattern;
  const edge = side === 'start' ? parts[0] : parts[parts.length - 1];
  const rest = side === 'start' ? parts.slice(1) : parts.slice(0, -1);
  if (edge.kind === 'anchor' && edge.side === side) {
    const inner = split({ kind: 'sequence', parts: rest }, side);
    return { anchored: [...inner.anchored, ...inner.free], free: [] };
  }
  const put = (part: Pattern): Pattern => ({
    kind: 'sequence',
    parts: side === 'start' ? [part, ...rest] : [...rest, part],
  });
  const { anchored, free } = split(edge, side);
  return { anchored: anchored.map(put), free: free.map(put) };
}

function hasAnchor(pattern: Pattern): boolean {
  if (pattern.kind === 'sequence') return pattern.parts.some(hasAnchor);
  if (pattern.kind === 'choice') return pattern.options.some(hasAnchor);
  return pattern.kind === 'repeat' ? hasAnchor(pattern.body) : pattern.kind === 'anchor';
}

function withoutAnchors(pattern: Pattern): Expression {
  switch (pattern.kind) {
    case 'expression':
      return pattern.expression;
    case 'sequence':
      return sequence(...pattern.parts.map(withoutAnchors));
    case 'choice':
      return choice(...pattern.options.map(withoutAnchors));
    case 'repeat':
      return repeat(withoutAnchors(pattern.body), pattern.min, pattern.max);
    case 'anchor':
      throw usageError(
        'TSLM_BAD_REGEX',
        `'${pattern.side === 'start' ? '^' : '$'}' inside a pattern is not supported`,
        'anchors may stand at the beginning and at the end of a pattern or of its alternatives',
      );
  }
}
