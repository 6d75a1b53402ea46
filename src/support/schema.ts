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
  throw usageError('TSLM_BAD_VALUE', `${where}: ${path.length ? `'${path.join('.')}': ` : ''}${issue.message}`);
}

/** The keys of the object schema found at `path` inside `schema`. */
export function knownKeys(schema: z.ZodType, path: readonly string[] = []): string[] {
  let current: unknown = schema;
  for (const key of path) {
    const shape = shapeOf(current);
    if (!shape || !(key in shape)) return [];
    current = shape[key];
  }
  return Object.keys(shapeOf(current) ?? {});
}

/** The shape of an object schema under any number of `.optional()`, `.default()`, `.nullable()`. */
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  let current = schema as { shape?: Record<string, unknown>; def?: { innerType?: unknown; in?: unknown } } | undefined;
  while (current && !current.shape) current = (current.def?.innerType ?? current.def?.in) as typeof current;
  return current?.shape;
}
