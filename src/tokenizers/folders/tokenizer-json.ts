/**
 * Reading the parts of a `tokenizer.json`. A part that is malformed, or of a type that is not supported, is one
 * `UserError` that names the file and the key; nothing in the file is ignored without a word.
 */
import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { warn } from '../../support/warnings.ts';

/** Makes one component from its JSON object; `where` is `<file>: <path of the object>`. */
export type Factory<Component> = (config: unknown, where: string) => Component;

/** Validates a component's JSON object. What a component does not know is passed over with a warning, as natively. */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  config: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const unknown = result.error.issues.find(issue => issue.code === 'unrecognized_keys');
  if (unknown && (isComponent(config) || unknown.path.length > 0)) {
    const [key] = unknown.keys;
    const path = unknown.path.map(String);
    warn(`${where}: unknown key '${[...path, key].join('.')}' has no effect`);
    return parseConfig(schema, without(config as object, path, key), where);
  }
  const issue = result.error.issues[0];
  const key = issue.path.map(String).join('.');
  throw malformed(where, key ? `'${key}': ${issue.message}` : issue.message);
}

/** The file as a whole is none: natively, too, it may hold nothing else. */
const isComponent = (config: unknown): boolean => typeof config === 'object' && config !== null && 'type' in config;

/** The object without a key of what lies at `path`. */
function without(config: object, [step, ...path]: readonly string[], key: string): object {
  const rest: Record<string, unknown> = { ...config };
  if (step === undefined) delete rest[key];
  else rest[step] = without(rest[step] as object, path, key);
  return Array.isArray(config) ? Object.values(rest) : rest;
}

/** The error for a tokenizer file that does not make sense. */
export const malformed = (where: string, what: string): UserError =>
  new UserError('TSLM_BAD_TOKENIZER', `${where}: ${what}`, {
    hint: 'the file is damaged, or written by a newer version of the format',
  });

const typed = z.looseObject({ type: z.string() });

/** Makes the component that `config.type` names. */
export function createComponent<Component>(
  factories: Record<string, Factory<Component>>,
  kind: string,
  config: unknown,
  where: string,
): Component {
  const { type } = parseConfig(typed, config, where);
  if (Object.hasOwn(factories, type)) return factories[type](config, `${where} (${type})`);
  const guess = nearest(type, Object.keys(factories));
  throw new UserError('TSLM_UNSUPPORTED_TOKENIZER', `${where}: ${kind} '${type}' is not supported`, {
    hint: guess
      ? `did you mean '${guess}'?`
      : `the supported ${kind} types are ${Object.keys(factories).sort().join(', ')}`,
  });
}

/** The schema of a component that has no options. */
export const bare = (type: string) => z.strictObject({ type: z.literal(type) });

/** A pattern as the format writes it: a literal string or a regular expression. */
export const patternSchema = z.union([z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })]);
