/** The keywords of JSON Schema (draft 2020-12, and what differs in draft 7) and what becomes of each. */
import { usageError } from '../../support/errors.ts';
import type { Dialect } from './dialects.ts';

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';
export const JSON_TYPES: readonly JsonType[] = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

export type SchemaObject = Readonly<Record<string, unknown>>;
export type Schema = boolean | SchemaObject;

interface Shape {
  expects: string;
  is: (value: unknown) => boolean;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSchema = (value: unknown): boolean => typeof value === 'boolean' || isObject(value);
const isType = (value: unknown): boolean => JSON_TYPES.includes(value as JsonType);
const listOf =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(is);

const isNamed =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    isObject(value) && Object.values(value).every(is);

const ANY: Shape = { expects: 'any value', is: () => true };
const SCHEMA: Shape = { expects: 'a schema', is: isSchema };
const SCHEMAS: Shape = { expects: 'a list of schemas', is: value => listOf(isSchema)(value) && value !== undefined };
const NAMED_SCHEMAS: Shape = {
  expects: 'an object of schemas',
  is: isNamed(isSchema),
};
const COUNT: Shape = {
  expects: 'a whole number of 0 or more',
  is: value => Number.isSafeInteger(value) && Number(value) >= 0,
};
const NUMBER: Shape = { expects: 'a number', is: value => Number.isFinite(value) };
const NUMBER_OR_FLAG: Shape = {
  expects: 'a number',
  is: value => Number.isFinite(value) || typeof value === 'boolean',
};
const TEXT: Shape = { expects: 'a text', is: value => typeof value === 'string' };

/** What constrains texts, and how its value must look. */
export const SUPPORTED: Record<string, Shape & { note?: string }> = {
  type: {
    expects: `one of ${JSON_TYPES.join(', ')}, or a list of these`,
    is: value => isType(value) || (listOf(isType)(value) && (value as unknown[]).length > 0),
    note: 'also a list, with `"null"` for what may be null',
  },
  nullable: {
    expects: 'true or false',
    is: value => typeof value === 'boolean',
    note: 'beside `type`, as OpenAPI 3.0 means it',
  },
  enum: { expects: 'a list', is: Array.isArray, note: 'objects in the order in which they are written' },
  const: ANY,
  properties: { ...NAMED_SCHEMAS, note: 'written in the order of the schema' },
  required: { expects: 'a list of texts', is: listOf(TEXT.is) },
  additionalProperties: {
    ...SCHEMA,
    note: 'written after those that are listed; allowed by default, as the standard says',
  },
  patternProperties: { ...NAMED_SCHEMAS, note: 'at most 64 kinds of names that the patterns tell apart' },
  propertyNames: SCHEMA,
  minProperties: {
    ...COUNT,
    note: 'of names that are not listed, those that must be there begin with different letters or digits',
  },
  maxProperties: COUNT,
  dependentRequired: { expects: 'an object of lists of texts', is: isNamed(listOf(TEXT.is)) },
  dependentSchemas: NAMED_SCHEMAS,
  dependencies: {
    expects: 'an object of schemas and lists of texts',
    is: isNamed(value => isSchema(value) || listOf(TEXT.is)(value)),
    note: 'as in draft 7',
  },
  unevaluatedProperties: { ...SCHEMA, note: 'where no alternatives stand beside it' },
  items: { expects: 'a schema or a list of schemas', is: value => isSchema(value) || listOf(isSchema)(value) },
  prefixItems: SCHEMAS,
  additionalItems: { ...SCHEMA, note: 'beside `items` as a list, as in draft 7' },
  minItems: COUNT,
  maxItems: COUNT,
  contains: { ...SCHEMA, note: 'with up to 10,000 places that its counts and those of the items tell apart' },
  minContains: COUNT,
  maxContains: COUNT,
  unevaluatedItems: { ...SCHEMA, note: 'where neither alternatives nor `contains` stand beside it' },
  uniqueItems: {
    expects: 'true or false',
    is: value => typeof value === 'boolean',
    note: 'items are compared as they are written; false says nothing',
  },
  minLength: COUNT,
  maxLength: COUNT,
  pattern: { ...TEXT, note: 'a regular expression without looking around or back' },
  format: { ...TEXT, note: 'see below' },
  minimum: { ...NUMBER, note: 'beside a bound, numbers are written without exponent' },
  maximum: NUMBER,
  exclusiveMinimum: { ...NUMBER_OR_FLAG, note: 'a number, or true beside `minimum` as in draft 4' },
  exclusiveMaximum: NUMBER_OR_FLAG,
  multipleOf: {
    expects: 'a number above 0',
    is: value => Number.isFinite(value) && Number(value) > 0,
    note: 'of decimals as they are written; with up to 20,000 remainders',
  },
  anyOf: SCHEMAS,
  oneOf: SCHEMAS,
  allOf: SCHEMAS,
  not: SCHEMA,
  if: SCHEMA,
  // biome-ignore lint/suspicious/noThenProperty: a keyword
  then: SCHEMA,
  else: SCHEMA,
  $ref: {
    ...TEXT,
    note: 'inside the schema, or one of `documents`: by path, `$anchor` or `$id`; recursion is allowed; in draft 7 and before, what stands beside it says nothing',
  },
};

/** The keywords of the validation vocabulary (JSON Schema Validation, draft 2020-12, section 6). */
const OF_VALIDATION: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', 'multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength'],
  ...['minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems', 'maxContains', 'minContains', 'maxProperties'],
  ...['minProperties', 'required', 'dependentRequired'],
]);

/** What is part of the standard and refused, with what to write instead. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['$dynamicRef', 'use $ref'],
  ['$recursiveRef', 'use $ref'],
]);

export const unsupported = (keyword: string, path: string, why?: string, hint?: string): Error =>
  usageError(
    'TSLM_UNSUPPORTED_KEYWORD',
    `the schema at ${path}: '${keyword}' is not supported${why === undefined ? '' : `: ${why}`}`,
    hint,
  );

export const badSchema = (path: string, message: string, hint?: string): Error =>
  usageError('TSLM_BAD_SCHEMA', `the schema at ${path}: ${message}`, hint);

/**
 * A schema's own keywords as they are meant: what says nothing about validity is left out, older drafts are put as the
 * newest says it.
 *
 * @throws UserError that names a keyword that is refused or malformed, and where it stands
 */
export function meaningOf(
  schema: SchemaObject,
  path: string,
  { isLegacy, isNewest, validates }: Dialect,
): SchemaObject {
  const meaning: Record<string, unknown> = {};
  const isAlone = isLegacy && schema.$ref !== undefined;
  for (const [keyword, value] of Object.entries(schema)) {
    if (isAlone && keyword !== '$ref') continue;
    if (REFUSED.has(keyword)) throw unsupported(keyword, path, undefined, REFUSED.get(keyword));
    if (!Object.hasOwn(SUPPORTED, keyword)) continue;
    if ((!validates && OF_VALIDATION.has(keyword)) || (!isNewest && keyword === 'prefixItems')) continue;
    const { is, expects } = SUPPORTED[keyword];
    if (!is(value)) throw badSchema(path, `'${keyword}' must be ${expects}`);
    if (value !== undefined) meaning[keyword] = value;
  }
  const { type, nullable } = meaning;
  delete meaning.nullable;
  if (nullable === true && type !== undefined) meaning.type = [...new Set([type, 'null'].flat())];
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ]) {
    const flag = meaning[exclusive];
    if (typeof flag !== 'boolean') continue;
    delete meaning[exclusive];
    if (!flag || meaning[bound] === undefined) continue;
    meaning[exclusive] = meaning[bound];
    delete meaning[bound];
  }
  if (Array.isArray(meaning.items)) {
    if (meaning.prefixItems !== undefined) throw badSchema(path, "'items' is a list beside 'prefixItems'");
    meaning.prefixItems = meaning.items;
    delete meaning.items;
    if (meaning.additionalItems !== undefined) meaning.items = meaning.additionalItems;
  }
  delete meaning.additionalItems;
  return meaning;
}
