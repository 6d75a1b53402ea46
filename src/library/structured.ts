/** JSON that follows a schema, whole and typed: a mask keeps the text valid and closes strings and braces in time. */
import { z } from 'zod';
import type { ConstraintRequest } from '../engine/protocol.ts';
import { UserError, usageError } from '../support/errors.ts';
import type { TextResult } from './text-stream.ts';

export interface ObjectResult<Value> {
  value: Value;
  /** The JSON that the model wrote. */
  text: string;
}

/** A schema of zod 4, whose output types the value, or a JSON Schema. */
export type ObjectSchema<Value> = z.ZodType<Value> | Readonly<Record<string, unknown>>;

const isZod = (schema: object): schema is z.ZodType => '_zod' in schema;

/** @throws UserError for schemas of zod 3, and those that JSON Schema cannot say */
export function constraintOf(schema: object): ConstraintRequest {
  if (!isZod(schema)) {
    if ('_def' in schema) {
      throw usageError('TSLM_BAD_SCHEMA', 'object: this is a schema of zod 3', "import { z } from 'zod' of version 4");
    }
    return { kind: 'jsonSchema', schema: schema as Record<string, unknown> };
  }
  try {
    return { kind: 'jsonSchema', schema: jsonSchemaOf(schema) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw usageError(
      'TSLM_BAD_SCHEMA',
      `object: ${message}`,
      'use types that JSON has: strings, numbers, lists, objects',
    );
  }
}

/** What the model writes is what the schema takes in; an object has the properties that the schema names and no others. */
const jsonSchemaOf = (schema: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(schema, {
    io: 'input',
    override({ jsonSchema }) {
      if (jsonSchema.type === 'object' && jsonSchema.properties) jsonSchema.additionalProperties ??= false;
    },
  }) as Record<string, unknown>;

/** @throws UserError when the text is cut off, or passes the mask and not the schema, which may say more than JSON Schema can */
export async function objectOf<Value>(schema: object, result: TextResult): Promise<ObjectResult<Value>> {
  const { text } = result;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UserError('TSLM_TOO_SHORT', `object: ${result.completionTokens} tokens do not hold the whole object`, {
      hint: 'allow more with maxTokens, or shorten the prompt',
      cause,
    });
  }
  if (!isZod(schema)) return { value: value as Value, text };
  const parsed = await schema.safeParseAsync(value);
  if (parsed.success) return { value: parsed.data as Value, text };
  const { path, message } = parsed.error.issues[0];
  throw new UserError('TSLM_BAD_OBJECT', `object: '${path.map(String).join('.')}': ${message}, in ${text}`, {
    hint: 'the schema asks for more than the mask can enforce: ask again, or say it in the prompt',
    cause: parsed.error,
  });
}
