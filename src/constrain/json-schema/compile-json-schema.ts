/** JSON Schemas as constraints. */
import { z } from 'zod';
import { messageOf } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { type Constraint, constraintOf } from '../constraint.ts';
import type { Grammar } from '../grammar/grammar.ts';
import type { Vocabulary } from '../vocabulary/vocabulary-data.ts';
import { createBuilder } from './builder.ts';
import { punctuation } from './json-text.ts';
import { badSchema, isObject, type Schema } from './keywords.ts';

export interface JsonSchemaOptions {
  /** White-space characters allowed at each place between tokens of JSON. Default 0: as `JSON.stringify` writes. */
  maxWhitespace?: number;
  /** Forbid properties that a schema does not mention where it says nothing of them. Default false, as in the standard. */
  strictObjects?: boolean;
  /** Other schemas by their addresses, which `$ref` may point to, and metaschemas of which `$vocabulary` counts. */
  documents?: Readonly<Record<string, unknown>>;
}

const optionsSchema = z.strictObject({
  maxWhitespace: z.int().min(0).max(1000).default(0),
  strictObjects: z.boolean().default(false),
  documents: z.record(z.string(), z.union([z.boolean(), z.record(z.string(), z.unknown())])).default({}),
});

/** Of whatever copy of zod. */
const isZod = (schema: unknown): schema is z.ZodType => isObject(schema) && isObject(schema._zod);

function fromZod(schema: z.ZodType): unknown {
  try {
    return z.toJSONSchema(schema);
  } catch (error) {
    throw badSchema('#', messageOf(error));
  }
}

/**
 * JSON texts of values that follow a schema (draft 2020-12; docs/STRUCTURED-OUTPUT.md lists what is supported). Every
 * text that the constraint allows is valid; of the valid ones it allows those that write properties in the schema's
 * order, strings and numbers as `JSON.stringify` does.
 *
 * @param schema a JSON Schema, or a schema of zod 4
 * @throws UserError when the schema is malformed, no value can follow it, or a keyword is not supported: named, with its
 *   path
 */
export const compileJsonSchema = (
  schema: unknown,
  vocabulary: Vocabulary,
  options: JsonSchemaOptions = {},
): Constraint => constraintOf(jsonSchemaGrammar(schema, options), vocabulary);

export function jsonSchemaGrammar(given: unknown, options: JsonSchemaOptions = {}): Grammar {
  const schema = isZod(given) ? fromZod(given) : given;
  const { maxWhitespace, strictObjects, documents } = parseOptions(optionsSchema, options, 'compileJsonSchema');
  if (typeof schema !== 'boolean' && !isObject(schema)) throw badSchema('#', 'a schema is an object, true or false');
  try {
    const builder = createBuilder(schema as Schema, { marks: punctuation(maxWhitespace), strictObjects, documents });
    builder.share('value', () => builder.value([{ schema: schema as Schema, path: '#' }]));
    return { rules: builder.rules, root: 'value', where: 'the schema' };
  } catch (error) {
    // The stack is full: a constant of thousands of arrays in each other, say.
    if (error instanceof RangeError) throw badSchema('#', 'values nest too deeply');
    throw error;
  }
}
