/** Strings: lengths, patterns, formats, and what they must not be. */
import { messageOf, UserError } from '../../support/errors.ts';
import { countedData } from '../automata/counted-dfa.ts';
import { type Dfa, dfaOf, intersect, isEmpty, subtract } from '../automata/dfa.ts';
import { choice, type Expression, lengthsOf, literal, many, NOTHING, repeat } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import { anyMatch } from '../regex/anchors.ts';
import { parsePattern } from '../regex/parse.ts';
import { FORMATS, formatExpression, LONGEST, REFUSED_FORMATS } from './formats.ts';
import { inner, quoted, quotedForm, STRING, STRING_CHARACTER } from './json-text.ts';
import { badSchema, unsupported } from './keywords.ts';
import type { Plain } from './together.ts';

const ANY_STRING = many(STRING_CHARACTER);

interface Said {
  min: number;
  max: number;
  /** What is between the quotes, by each pattern and format. */
  forms: Expression[];
  /** What it must not be. */
  excluded: Dfa[];
}

function saidOf(plain: readonly Plain[]): Said {
  const forms = new Set<Expression>();
  const excluded: Dfa[] = [];
  let min = 0;
  let max = Number.POSITIVE_INFINITY;
  for (const { schema, path } of plain) {
    min = Math.max(min, (schema.minLength as number | undefined) ?? 0);
    max = Math.min(max, (schema.maxLength as number | undefined) ?? max);
    const { pattern, format, '~notPattern': notPattern, '~notFormat': notFormat, '~notEnum': others } = schema;
    if (pattern !== undefined) forms.add(quotedPattern(pattern as string, path));
    if (REFUSED_FORMATS.has(format as string)) {
      throw unsupported('format', path, JSON.stringify(format), REFUSED_FORMATS.get(format as string));
    }
    const known = format === undefined ? undefined : quotedFormat(format as string);
    if (known) forms.add(known);
    if (known) max = Math.min(max, LONGEST[format as string] ?? max);
    if (notPattern !== undefined) excluded.push(patternDfa(notPattern as string, path));
    if (notFormat !== undefined) excluded.push(formatDfa(notFormat as string)!);
    const texts = ((others as unknown[] | undefined) ?? []).filter(value => typeof value === 'string');
    if (texts.length > 0) excluded.push(dfaOf(choice(...texts.map(text => literal(inner(text))))));
  }
  return { min, max, forms: [...forms], excluded };
}

/** How strings are written that follow all schemas. */
export function stringText(plain: readonly Plain[]): Expression {
  const { min, max, forms, excluded } = saidOf(plain);
  if (min > max) return NOTHING;
  const isBounded = min > 0 || max < Number.POSITIVE_INFINITY;
  if (forms.length + excluded.length === 0) return isBounded ? counted(dfaOf(ANY_STRING), min, max) : STRING;
  const body = bodyOf(forms, excluded);
  if (!isBounded || isWithin(forms, min, max)) return quoted(body);
  return counted(dfaOf(body), min, max);
}

function counted(dfa: Dfa, min: number, max: number): Expression {
  return isEmpty(dfa) ? NOTHING : { kind: 'counted', counted: countedData(dfa, min, max) };
}

/** What is between the quotes, lengths left aside. */
function bodyOf(forms: readonly Expression[], excluded: readonly Dfa[]): Expression {
  if (excluded.length === 0 && forms.length === 1) return forms[0];
  const all = forms.length === 0 ? dfaOf(ANY_STRING) : forms.map(dfaOf).reduce(intersect);
  return { kind: 'automaton', dfa: excluded.reduce(subtract, all) };
}

/** Whether a pattern says as much of the length as is asked. */
const isWithin = (forms: readonly Expression[], min: number, max: number): boolean =>
  forms.some(form => {
    const lengths = quotedLengths.get(form);
    return lengths !== undefined && lengths.min >= min && lengths.max <= max;
  });
const quotedLengths = new WeakMap<Expression, { min: number; max: number }>();

/** What is between the quotes of a name, lengths included; undefined where any name does. */
export function nameDfa(plain: readonly Plain[]): Dfa | undefined {
  const { min, max, forms, excluded } = saidOf(plain);
  if (min > max) return dfaOf(NOTHING);
  const isBounded = min > 0 || max < Number.POSITIVE_INFINITY;
  if (forms.length + excluded.length === 0 && !isBounded) return undefined;
  const body = dfaOf(bodyOf(forms, excluded));
  return isBounded ? intersect(body, dfaOf(repeat(STRING_CHARACTER, min, max))) : body;
}

const MOST_REMEMBERED = 500;
const patterns = new Map<string, Expression>();
const formats = new Map<string, Expression>();

const remember = (form: Expression): Expression => {
  const written = quotedForm(form);
  quotedLengths.set(written, lengthsOf(form));
  return written;
};

/** The strings in which a pattern matches. @throws UserError that names the place in the schema */
export function quotedPattern(pattern: string, path: string): Expression {
  try {
    if (patterns.size > MOST_REMEMBERED) patterns.clear();
    return memo(patterns, pattern, () => remember(anyMatch(parsePattern(pattern))));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw badSchema(path, messageOf(error), error.hint);
  }
}

export const patternDfa = (pattern: string, path: string): Dfa => dfaOf(quotedPattern(pattern, path));

/** The strings of a format; undefined where it is not known, and says nothing. */
export const quotedFormat = (format: string): Expression | undefined =>
  FORMATS.includes(format) ? memo(formats, format, () => remember(formatExpression(format))) : undefined;

/** The strings of a format, its own length included. */
export function formatDfa(format: string): Dfa | undefined {
  const form = quotedFormat(format);
  if (!form) return undefined;
  const longest = LONGEST[format];
  return longest === undefined
    ? dfaOf(form)
    : memo(formatDfas, format, () => intersect(dfaOf(form), dfaOf(repeat(STRING_CHARACTER, 0, longest))));
}
const formatDfas = new Map<string, Dfa>();
