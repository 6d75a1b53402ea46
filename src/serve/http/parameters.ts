/** Reads a request's body against its schema: what is wrong, unknown or not supported is an error that names it. */
import type { z } from 'zod';
import { RequestError } from '../../engine/request-error.ts';
import { nearest } from '../../support/nearest.ts';

/** `messages[0].content` */
export const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );

/** A mistake in a parameter's value. */
export const badParameter = (param: string, message: string, hint?: string): RequestError =>
  new RequestError('TSLM_INVALID_VALUE', `'${param}': ${message}`, { param, hint });

/** Clients write `null` for what they do not ask. Inside of parameters null has the meaning that the schema gives it. */
const withoutNulls = (body: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));

/** @throws RequestError that names the parameter */
export function readParameters<Schema extends z.ZodObject>(schema: Schema, body: unknown): z.output<Schema> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RequestError('TSLM_INVALID_BODY', 'the body is not a JSON object');
  }
  const result = schema.safeParse(withoutNulls(body as Record<string, unknown>));
  if (result.success) return result.data;
  throw explain(mostTelling(result.error.issues), Object.keys(schema.shape), body);
}

interface Issue {
  code?: string;
  path: readonly PropertyKey[];
  message: string;
  keys?: readonly string[];
  errors?: readonly (readonly Issue[])[];
  /** Of alternatives that are told apart by a property: its values. */
  options?: readonly unknown[];
  /** What is wrong with a key. */
  issues?: readonly Issue[];
}

/** The first mistake; where alternatives all fail, that of the one which fits best, or that none has the right type. */
function mostTelling(issues: readonly Issue[]): Issue {
  const [first] = issues;
  if (first.code !== 'invalid_union' || !first.errors?.length) return first;
  const best = first.errors
    .filter(list => list.length > 0)
    .reduce((one, other) => (distance(other) < distance(one) ? other : one));
  if (best[0].code === 'invalid_type' && best[0].path.length === 0) return first;
  const inner = mostTelling(best);
  return { ...inner, path: [...first.path, ...inner.path] };
}

/** How far a value is from an alternative: of another type, or another value, or else by the number of its mistakes. */
function distance(issues: readonly Issue[]): number {
  const atRoot = issues.filter(({ path }) => path.length === 0).map(({ code }) => code);
  if (atRoot.includes('invalid_type')) return Number.POSITIVE_INFINITY;
  return atRoot.includes('invalid_value') ? Number.MAX_VALUE : issues.length;
}

function explain(issue: Issue, known: readonly string[], body: unknown): RequestError {
  if (issue.code === 'unrecognized_keys') {
    const param = pathOf([...issue.path, issue.keys![0]]);
    const guess = issue.path.length === 0 ? nearest(param, known) : undefined;
    return new RequestError('TSLM_UNSUPPORTED_PARAMETER', `Unsupported parameter: '${param}'`, {
      param,
      hint: guess === undefined ? 'leave it out' : `did you mean '${guess}'?`,
    });
  }
  const param = pathOf(issue.path);
  const value = issue.path.reduce((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], body);
  if (value === undefined && issue.path.length > 0) {
    return new RequestError('TSLM_MISSING_PARAMETER', `Missing required parameter: '${param}'`, { param });
  }
  const options = issue.options?.filter(one => one !== undefined).map(one => `'${String(one)}'`);
  const message = options ? `expected one of ${options.join(', ')}` : (issue.issues?.[0]?.message ?? issue.message);
  return new RequestError('TSLM_INVALID_VALUE', `'${param}': ${message}`, { param });
}
