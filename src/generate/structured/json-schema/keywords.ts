/** The keywords of JSON Schema (draft 2020-12, and what differs in draft 7) and what becomes of each. */
import { usageError } from '../../../support/errors.ts';
import { nearest } from '../../../support/nearest.ts';

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';
export const JSON_TYPES: readonly JsonType[] = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

export type SchemaObject = Readonly<Record<string, unknown>>;
export type Schema = boolean | SchemaObject;

interface Shape {
  expects: string;
  is: (value: unknown) => boolean;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSchema = (value: unknown): boolean => typeof value === 'boolean' || isObject(value);
const isType = (value: unknown): boolean => JSON_TYPES.includes(value as JsonType);
const listOf =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(is);

const ANY: Shape = { expects: 'any value', is: () => true };
const SCHEMA: Shape = { expects: 'a schema', is: isSchema };
const SCHEMAS: Shape = { expects: 'a list of schemas', is: value => listOf(isSchema)(value) && value !== undefined };
const NAMED_SCHEMAS: Shape = {
  expects: 'an object of schemas',
  is: value => isObject(value) && Object.values(value).every(isSchema),
};
const COUNT: Shape = {
  expects: 'a whole number of 0 or more',
  is: value => Number.isSafeInteger(value) && Number(value) >= 0,
};
const NUMBER: Shape = { expects: 'a number', is: value => Number.isFinite(value) };
const TEXT: Shape = { expects: 'a text', is: value => typeof value === 'string' };

/** What constrains texts, and how its value must look. */
export const SUPPORTED: Record<string, Shape & { note?: string }> = {
  type: {
    expects: `one of ${JSON_TYPES.join(', ')}, or a list of these`,
    is: value => isType(value) || (listOf(isType)(value) && (value as unknown[]).length > 0),
    note: 'also a list, with `"null"` for what may be null',
  },
  enum: { expects: 'a list', is: Array.isArray, note: 'objects in the order in which they are written' },
  const: ANY,
  properties: { ...NAMED_SCHEMAS, note: 'written in the order of the schema' },
  required: { expects: 'a list of texts', is: listOf(TEXT.is) },
  additionalProperties: {
    ...SCHEMA,
    note: 'written after those that are listed; allowed by default, as the standard says',
  },
  patternProperties: { ...NAMED_SCHEMAS, note: 'at most four patterns' },
  propertyNames: { ...SCHEMA, note: 'without alternatives inside' },
  minProperties: {
    ...COUNT,
    note: 'at most one more than the listed properties, since names that are not listed may repeat',
  },
  maxProperties: COUNT,
  items: { expects: 'a schema or a list of schemas', is: value => isSchema(value) || listOf(isSchema)(value) },
  prefixItems: SCHEMAS,
  additionalItems: { ...SCHEMA, note: 'beside `items` as a list, as in draft 7' },
  minItems: COUNT,
  maxItems: COUNT,
  uniqueItems: {
    expects: 'true or false',
    is: value => typeof value === 'boolean',
    note: 'true only with `maxItems` of 0 or 1',
  },
  minLength: COUNT,
  maxLength: COUNT,
  pattern: { ...TEXT, note: 'a regular expression without looking around or back' },
  format: { ...TEXT, note: 'see below' },
  minimum: { ...NUMBER, note: 'beside a bound, numbers are written without exponent' },
  maximum: NUMBER,
  exclusiveMinimum: NUMBER,
  exclusiveMaximum: NUMBER,
  multipleOf: {
    expects: 'a number above 0',
    is: value => Number.isFinite(value) && Number(value) > 0,
    note: 'whole numbers',
  },
  anyOf: SCHEMAS,
  oneOf: { ...SCHEMAS, note: 'where no value can follow two of them' },
  allOf: SCHEMAS,
  $ref: { ...TEXT, note: 'inside the schema: `#`, `#/$defs/name`; recursion is allowed' },
};

/** What says something to people or to other programs. */
export const ANNOTATIONS: readonly string[] = [
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
];

/** What is part of the standard and refused, with what to write instead. */
export const REFUSED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'list what is allowed instead': ['not'],
    'use anyOf with one schema for each case': [
      'if',
      'then',
      'else',
      'dependentRequired',
      'dependentSchemas',
      'dependencies',
    ],
    'use prefixItems and items': ['contains', 'minContains', 'maxContains'],
    'use items: false beside prefixItems': ['unevaluatedItems'],
    'use additionalProperties: false': ['unevaluatedProperties'],
    'refer by path: #/$defs/name': ['$anchor'],
    'use $ref': ['$dynamicRef', '$dynamicAnchor'],
    'use pattern': ['contentEncoding', 'contentMediaType', 'contentSchema'],
  }).flatMap(([remedy, keywords]) => keywords.map((keyword): [string, string] => [keyword, remedy])),
);

export const unsupported = (keyword: string, path: string, why?: string, hint?: string): Error =>
  usageError(
    'TSLM_UNSUPPORTED_KEYWORD',
    `the schema at ${path}: '${keyword}' is not supported${why === undefined ? '' : `: ${why}`}`,
    hint,
  );

export const badSchema = (path: string, message: string, hint?: string): Error =>
  usageError('TSLM_BAD_SCHEMA', `the schema at ${path}: ${message}`, hint);

/** @throws UserError that names a keyword that is unknown, refused or malformed, and where it stands */
export function checkKeywords(schema: SchemaObject, path: string): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (ANNOTATIONS.includes(keyword)) continue;
    if (REFUSED.has(keyword)) throw unsupported(keyword, path, undefined, REFUSED.get(keyword));
    if (!Object.hasOwn(SUPPORTED, keyword)) {
      const guess = nearest(keyword, [...Object.keys(SUPPORTED), ...ANNOTATIONS]);
      throw unsupported(keyword, path, undefined, guess === undefined ? undefined : `did you mean '${guess}'?`);
    }
    const { is, expects } = SUPPORTED[keyword];
    if (!is(value)) throw badSchema(path, `'${keyword}' must be ${expects}`);
  }
}
