/**
 * How values are written. Strings are written in the one way of `JSON.stringify`: escaped is only what must be, so that
 * lengths, patterns and names can be judged on the text itself.
 */
import {
  ANY,
  type CodePoints,
  charactersOf,
  codePoints,
  intersection,
  pairs,
  without,
} from '../automata/code-points.ts';
import {
  characters,
  choice,
  EMPTY,
  type Expression,
  literal,
  many,
  mapParts,
  optional,
  repeat,
  sequence,
} from '../automata/expression.ts';

const CONTROL = codePoints([[0, 0x1f]]);
/** Characters with an escape of their own, and its letter. */
const SHORT: Record<string, string> = { '"': '"', '\\': '\\', '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r' };
const SHORT_SET = charactersOf(Object.keys(SHORT).join(''));
const ESCAPED = codePoints([...pairs(CONTROL), ...pairs(charactersOf('"\\'))]);

/** One character of the set, as it is written inside quotes. */
function inString(set: CodePoints): Expression {
  const plain = without(set, ESCAPED);
  const short = Object.keys(SHORT).filter(char => contains(set, char.charCodeAt(0)));
  const control = pairs(without(intersection(set, CONTROL), SHORT_SET)).flatMap(([low, high]) =>
    Array.from({ length: high - low + 1 }, (_, i) => low + i),
  );
  const hexadecimal = [0, 1].flatMap(digit => {
    const last = control.filter(code => code >> 4 === digit).map(code => (code & 15).toString(16));
    return last.length > 0 ? [sequence(literal(`u00${digit}`), characters(charactersOf(last.join(''))))] : [];
  });
  const escapes = [
    ...(short.length > 0 ? [characters(charactersOf(short.map(char => SHORT[char]).join('')))] : []),
    ...hexadecimal,
  ];
  return choice(
    ...(plain.length > 0 ? [characters(plain)] : []),
    ...(escapes.length > 0 ? [sequence(literal('\\'), choice(...escapes))] : []),
  );
}

const contains = (set: CodePoints, code: number): boolean =>
  pairs(set).some(([low, high]) => low <= code && code <= high);

/** A language of characters as it is written inside quotes. */
export function quotedForm(expression: Expression): Expression {
  if (expression.kind === 'characters') return inString(expression.set);
  return mapParts(expression, quotedForm);
}

/** Any character of a string. */
export const STRING_CHARACTER = inString(ANY);
export const quoted = (inner: Expression): Expression => sequence(literal('"'), inner, literal('"'));
/** Any string. One object, so that its automaton is made once. */
export const STRING = quoted(many(STRING_CHARACTER));

/** The text of a string inside its quotes. */
export const inner = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Punctuation with the white space that may be around it. */
export interface Punctuation {
  space: Expression;
  comma: Expression;
  colon: Expression;
}

export function punctuation(maxWhitespace: number): Punctuation {
  const space = maxWhitespace === 0 ? EMPTY : repeat(characters(charactersOf(' \t\n\r')), 0, maxWhitespace);
  const around = (char: string): Expression => sequence(space, literal(char), space);
  return { space, comma: around(','), colon: around(':') };
}

/** A value that is given. */
export function valueText(value: unknown, marks: Punctuation): Expression {
  if (typeof value !== 'object' || value === null) return literal(JSON.stringify(value));
  const [open, close, parts] = Array.isArray(value)
    ? ['[', ']', value.map(item => valueText(item, marks))]
    : [
        '{',
        '}',
        Object.entries(value).map(([name, item]) =>
          sequence(literal(JSON.stringify(name)), marks.colon, valueText(item, marks)),
        ),
      ];
  return between(open, close, parts.length === 0 ? undefined : separated(parts, marks.comma), marks);
}

/** A list between brackets; without `inside`, an empty one. */
export const between = (
  open: string,
  close: string,
  inside: Expression | undefined,
  { space }: Punctuation,
): Expression =>
  inside === undefined
    ? sequence(literal(open), space, literal(close))
    : sequence(literal(open), space, inside, space, literal(close));

const separated = (parts: readonly Expression[], comma: Expression): Expression =>
  sequence(...parts.flatMap((part, i) => (i === 0 ? [part] : [comma, part])));

/** `min` to `max` elements with commas between them, `isFirst` where none is before them. */
export function elements(
  element: Expression,
  min: number,
  max: number,
  { comma }: Punctuation,
  isFirst: boolean,
): Expression {
  if (max <= 0) return EMPTY;
  if (!isFirst) return repeat(sequence(comma, element), Math.max(0, min), max);
  const some = sequence(element, repeat(sequence(comma, element), Math.max(0, min - 1), max - 1));
  return min <= 0 ? optional(some) : some;
}
