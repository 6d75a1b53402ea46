/** Strings: lengths, patterns, formats. */

import { messageOf, UserError } from '../../../support/errors.ts';
import { dfaOf, intersect } from '../automata/dfa.ts';
import { type Expression, lengthsOf, NOTHING, repeat } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import { anyMatch } from '../regex/anchors.ts';
import { parsePattern } from '../regex/parse.ts';
import { FORMATS, formatExpression } from './formats.ts';
import { quoted, quotedForm, STRING, STRING_CHARACTER } from './json-text.ts';
import { badSchema, unsupported } from './keywords.ts';
import type { Plain } from './members.ts';

/** What is between the quotes of a string that follows all schemas; undefined where any string does. */
export function stringBody(plain: readonly Plain[]): Expression | undefined {
  let min = 0;
  let max = Number.POSITIVE_INFINITY;
  const forms: Expression[] = [];
  for (const { schema, path } of plain) {
    min = Math.max(min, (schema.minLength as number | undefined) ?? 0);
    max = Math.min(max, (schema.maxLength as number | undefined) ?? max);
    if (schema.pattern !== undefined) forms.push(patternExpression(schema.pattern as string, path));
    if (schema.format !== undefined) forms.push(knownFormat(schema.format as string, path));
  }
  const different = [...new Set(forms)];
  const isBounded = min > 0 || max < Number.POSITIVE_INFINITY;
  if (min > max) return NOTHING;
  if (different.length === 0) return isBounded ? repeat(STRING_CHARACTER, min, max) : undefined;
  const languages = different.map(quotedForm);
  const hasLengths = different.some(form => {
    const lengths = lengthsOf(form);
    return lengths.min >= min && lengths.max <= max;
  });
  if (isBounded && !hasLengths) languages.push(repeat(STRING_CHARACTER, min, max));
  if (languages.length === 1) return languages[0];
  return { kind: 'automaton', dfa: languages.map(dfaOf).reduce(intersect) };
}

export function stringText(plain: readonly Plain[]): Expression {
  const body = stringBody(plain);
  return body ? quoted(body) : STRING;
}

const patterns = new Map<string, Expression>();

/** The strings in which a pattern matches. @throws UserError that names the place in the schema */
export function patternExpression(pattern: string, path: string): Expression {
  try {
    if (patterns.size > 1000) patterns.clear();
    return memo(patterns, pattern, () => anyMatch(parsePattern(pattern)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw badSchema(path, messageOf(error), error.hint);
  }
}

function knownFormat(format: string, path: string): Expression {
  if (FORMATS.includes(format)) return formatExpression(format);
  throw unsupported('format', path, JSON.stringify(format), `known formats: ${FORMATS.join(', ')}`);
}
