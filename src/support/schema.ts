import type { z } from 'zod';
import { usageError } from './errors.ts';
import { nearest } from './nearest.ts';

/**
 * Validates `value` against a zod schema. An unknown key names its nearest known neighbour; every problem names the
 * path of the key. Use `z.strictObject` so that unknown keys are found.
 *
 * @param where what is being read, first word of the message: `recipes/tiny.yaml`
 */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0];
    const known = knownKeys(schema, path);
    const guess = nearest(key, known);
    throw usageError(
      'TSLM_UNKNOWN_KEY',
      `${where}: unknown key '${[...path, key].join('.')}'`,
      guess === undefined ? `known keys here: ${known.join(', ')}` : `did you mean '${[...path, guess].join('.')}'?`,
    );
  }
  if (issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined) {
    throw usageError(
      'TSLM_MISSING_KEY',
      `${where}: '${path.join('.')}' is missing`,
      `it must be of type ${issue.expected}`,
    );
  }
  throw usageError('TSLM_BAD_VALUE', `${where}: ${path.length ? `'${path.join('.')}': ` : ''}${issue.message}`);
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);

/** The keys of the object schema found at `path` inside `schema`; numbers in it step into lists. */
export function knownKeys(schema: z.ZodType, path: readonly string[] = []): string[] {
  let current = unwrap(schema);
  for (const key of path) current = unwrap(current?.shape ? current.shape[key] : current?.element);
  return Object.keys(current?.shape ?? {});
}

interface Structure {
  /** Of an object. */
  shape?: Record<string, unknown>;
  /** Of a list. */
  element?: unknown;
  def?: { innerType?: unknown; in?: unknown };
}

/** The object or list under any number of `.optional()`, `.default()`, `.nullable()`. */
function unwrap(schema: unknown): Structure | undefined {
  let current = schema as Structure | undefined;
  while (current && !current.shape && !current.element) {
    current = (current.def?.innerType ?? current.def?.in) as Structure | undefined;
  }
  return current;
}
