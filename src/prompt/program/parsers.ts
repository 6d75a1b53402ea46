/** From what a model writes to its answer, and when two answers are the same. */
import { z } from 'zod';
import type { ConstraintSource } from '../../constrain/index.ts';
import { messageOf, usageError } from '../../support/errors.ts';
import { findAll, pythonRegex } from '../../support/python-regex.ts';

/** `key` is what votes are counted by: equal answers have equal keys. */
export interface Parsed<Value = unknown> {
  key: string;
  value: Value;
}

const as = z.enum(['text', 'number', 'lowercase']).default('text');
const take = z.enum(['first', 'last']).default('last');

export const parserSchema = z.discriminatedUnion('kind', [
  /** All that was written, without white space around it; `line`: the first line that is not empty. */
  z.strictObject({ kind: z.literal('text'), as, line: z.boolean().default(false) }),
  /** The first group of a regular expression (Python's), or all of its match. */
  z.strictObject({ kind: z.literal('pattern'), pattern: z.string(), take, as }),
  /** The last number in the text: commas, currency and a full stop behind it do not count. */
  z.strictObject({ kind: z.literal('number'), take }),
  /** One of some texts, such as letters or yes and no; `constrain`: the model can write nothing else. */
  z.strictObject({
    kind: z.literal('choice'),
    choices: z.array(z.string().min(1)).min(2),
    take,
    constrain: z.boolean().default(false),
  }),
  /** JSON that follows a schema: the model can write nothing else. */
  z.strictObject({ kind: z.literal('schema'), schema: z.record(z.string(), z.unknown()) }),
]);
export type ParserOptions = z.output<typeof parserSchema>;

export interface Parser<Value = unknown> {
  /** Null where there is no answer. */
  parse(text: string): Parsed<Value> | null;
  /** An answer that is known, such as the target of a row, in the same form. */
  known(answer: unknown): Parsed<Value> | null;
  constraint?: ConstraintSource;
  /** Where the answers are a fixed set. */
  choices?: readonly string[];
}

const NUMBER = /[-−]?\$?(?:\d[\d,]*(?:\.\d+)?|\.\d+)/g;

export function numberIn(text: string, which: 'first' | 'last' = 'last'): Parsed<number> | null {
  const found = text.match(NUMBER)?.at(which === 'first' ? 0 : -1);
  if (found === undefined) return null;
  const value = Number(found.replace(/[$,]/g, '').replace('−', '-'));
  return Number.isFinite(value) ? { key: String(value), value } : null;
}

const textAs = (text: string, form: z.output<typeof as>): Parsed | null => {
  const plain = text.trim();
  if (plain === '') return null;
  if (form === 'number') return numberIn(plain);
  const value = form === 'lowercase' ? plain.toLowerCase() : plain;
  return { key: value, value };
};

/** @throws UserError for a pattern that is none; `where` is the file */
export function createParser(options: ParserOptions, where: string): Parser {
  switch (options.kind) {
    case 'text':
      return {
        parse: text =>
          textAs(options.line ? (text.split('\n').find(line => line.trim() !== '') ?? '') : text, options.as),
        known: answer => textAs(String(answer), options.as),
      };
    case 'number':
      return { parse: text => numberIn(text, options.take), known: answer => numberIn(String(answer)) };
    case 'pattern':
      return patternParser(options, where);
    case 'choice':
      return choiceParser(options);
    default:
      return schemaParser(options.schema, z.unknown());
  }
}

function patternParser(options: Extract<ParserOptions, { kind: 'pattern' }>, where: string): Parser {
  let regex: RegExp;
  try {
    regex = pythonRegex(options.pattern);
  } catch (error) {
    throw usageError('TSLM_BAD_PATTERN', `${where}: parser.pattern: ${messageOf(error)}`, 'correct the expression');
  }
  return {
    parse(text) {
      const match = findAll(regex, text).at(options.take === 'first' ? 0 : -1);
      const found = Array.isArray(match) ? match.find(group => group !== '') : match;
      return found === undefined ? null : textAs(found, options.as);
    },
    known: answer => textAs(String(answer), options.as),
  };
}

export function choiceParser({ choices, take: which, constrain }: Extract<ParserOptions, { kind: 'choice' }>): Parser {
  const escaped = [...choices]
    .sort((a, b) => b.length - a.length)
    .map(choice => choice.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  // A choice that is a word stands by itself; Chinese has no spaces, and no boundaries between words either.
  const pattern = new RegExp(`(?<![A-Za-z0-9])(?:${escaped.join('|')})(?![A-Za-z0-9])`, 'gi');
  const parse = (text: string): Parsed | null => {
    const exact = [...text.matchAll(pattern)].map(([found]) => found);
    const found = exact.at(which === 'first' ? 0 : -1);
    const choice = choices.find(one => one.toLowerCase() === found?.toLowerCase());
    return choice === undefined ? null : { key: choice, value: choice };
  };
  return {
    parse,
    known: answer => parse(String(answer)),
    choices,
    ...(constrain && { constraint: { kind: 'choice' as const, choices } }),
  };
}

/** @param output what the value must be beside the schema */
export function schemaParser<Value>(schema: Record<string, unknown>, output: z.ZodType<Value>): Parser<Value> {
  const of = (value: unknown): Parsed<Value> | null => {
    const checked = output.safeParse(value);
    return checked.success ? { key: canonical(checked.data), value: checked.data } : null;
  };
  const parse = (text: string): Parsed<Value> | null => {
    try {
      return of(JSON.parse(jsonIn(text)));
    } catch {
      return null;
    }
  };
  return {
    parse,
    known: answer => (typeof answer === 'string' ? (parse(answer) ?? of(answer)) : of(answer)),
    constraint: { kind: 'jsonSchema', schema },
  };
}

/** JSON with the keys of objects in order: equal values are equal texts. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** What stands between a fence's marks, or the text itself. */
const jsonIn = (text: string): string => /```(?:json)?\n([\s\S]*?)```/.exec(text)?.[1] ?? text;
