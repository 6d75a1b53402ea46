/** Reading options with zod, and errors that name the nearest known key. */
import type { z } from 'zod';
import { type UserError, usageError } from './errors.ts';
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
    const known = knownKeys(schema, path, value);
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
  if (issue.code === 'invalid_union' && typeof issue.discriminator === 'string') {
    throw unknownAlternative(schema, value, { path: issue.path, discriminator: issue.discriminator }, where);
  }
  throw usageError('TSLM_BAD_VALUE', `${where}: ${path.length ? `'${path.join('.')}': ` : ''}${issue.message}`);
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);

/** The error for a key that chooses among alternatives and names none of them. */
function unknownAlternative(
  schema: z.ZodType,
  value: unknown,
  { path, discriminator }: { path: readonly PropertyKey[]; discriminator: string },
  where: string,
): UserError {
  const given = String(valueAt(value, path));
  const alternatives = structureAt(schema, path.slice(0, -1).map(String), value)?.def?.options ?? [];
  const names = alternatives.map(option => String(namesOf(option, discriminator)[0]));
  const guess = nearest(given, names);
  return usageError(
    'TSLM_BAD_VALUE',
    `${where}: '${path.map(String).join('.')}': '${given}' is not known`,
    guess === undefined ? `known: ${names.join(', ')}` : `did you mean '${guess}'?`,
  );
}

/**
 * The keys of the object schema found at `path` inside `schema`; numbers in it step into lists.
 *
 * @param value what the schema is to read: it says which of several alternatives counts; default the first
 */
export function knownKeys(schema: z.ZodType, path: readonly string[] = [], value?: unknown): string[] {
  return Object.keys(chosen(structureAt(schema, path, value), valueAt(value, path))?.shape ?? {});
}

interface Structure {
  /** Of an object. */
  shape?: Record<string, Structure | undefined>;
  /** Of a list. */
  element?: unknown;
  def?: {
    type?: string;
    innerType?: Structure;
    in?: Structure;
    out?: Structure;
    /** Of alternatives that one key tells apart. */
    options?: Structure[];
    discriminator?: string;
    /** Of literals. */
    values?: readonly unknown[];
  };
}

function structureAt(schema: z.ZodType, path: readonly string[], value: unknown): Structure | undefined {
  let current = unwrap(schema as Structure);
  for (const [depth, key] of path.entries()) {
    current = chosen(current, valueAt(value, path.slice(0, depth)));
    current = unwrap(current?.shape ? current.shape[key] : (current?.element as Structure | undefined));
  }
  return current;
}

/** What is under any number of `.optional()`, `.default()`, `.nullable()` and `z.preprocess`. */
function unwrap(schema: Structure | undefined): Structure | undefined {
  let current = schema;
  while (current && !current.shape && !current.element && !current.def?.discriminator) {
    const { innerType, in: input, out }: NonNullable<Structure['def']> = current.def ?? {};
    current = innerType ?? (input?.def?.type === 'transform' ? out : input);
  }
  return current;
}

/** Of alternatives the one that `value` names, or the first. */
function chosen(structure: Structure | undefined, value: unknown): Structure | undefined {
  const { options, discriminator } = structure?.def ?? {};
  if (!options || !discriminator) return structure;
  const name = valueAt(value, [discriminator]);
  return options.find(option => namesOf(option, discriminator).includes(name)) ?? options[0];
}

const namesOf = (option: Structure, discriminator: string): readonly unknown[] =>
  option.shape?.[discriminator]?.def?.values ?? [];
