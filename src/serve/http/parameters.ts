/** Reads a request's body against its schema: what is wrong, unknown or not supported is an error that names it. */
import type { z } from 'zod';
import { nearest } from '../../support/nearest.ts';
import { RequestError } from './errors.ts';

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
  expected?: string;
}

/** Of alternatives that all fail, the mistake that lies deepest: the others do not even have the right type. */
function mostTelling(issues: readonly Issue[]): Issue {
  const [first] = issues;
  if (first.code !== 'invalid_union' || !first.errors?.length) return first;
  const inner = first.errors
    .filter(list => list.length > 0)
    .map(mostTelling)
    .reduce((best, one) => (one.path.length > best.path.length ? one : best));
  return inner.path.length === 0 && inner.code !== 'unrecognized_keys'
    ? first
    : { ...inner, path: [...first.path, ...inner.path] };
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
  return new RequestError('TSLM_INVALID_VALUE', `'${param}': ${issue.message}`, { param });
}
