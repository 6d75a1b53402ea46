/** Requests to the server that the page came from, with the key, and with errors that say what to do. */
import { apiKey, askForKey, checkHealth } from './connection.svelte.ts';
import type { ServerProblem } from './problem.ts';

export type { ServerProblem } from './problem.ts';

/** Thrown by `request`. */
export class ServerError extends Error implements ServerProblem {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor({ status, code, message, hint }: ServerProblem) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal;
}

/** @throws ServerError for every answer that is not a success; what an abort throws is passed on */
export async function request(path: string, { method = 'GET', body, signal }: RequestOptions = {}): Promise<Response> {
  const key = apiKey();
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key !== undefined) headers.authorization = `Bearer ${key}`;
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal });
  } catch (error) {
    throw signal?.aborted ? error : connectionLost();
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status !== 401) throw new ServerError(problem);
  try {
    // Another request may have asked meanwhile: then there is a new key already.
    if (apiKey() === key) await askForKey(key !== undefined);
  } catch {
    throw new ServerError(problem);
  }
  return request(path, { method, body, signal });
}

/** For a server that does not answer, or not to the end; asks after its health. */
export function connectionLost(): ServerError {
  void checkHealth();
  return new ServerError({ status: 0, code: 'gone', message: '' });
}

export const getJson = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await request(path, { signal })).json() as Promise<T>;

async function problemOf(response: Response): Promise<ServerProblem> {
  const { status } = response;
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error: { message?: string; code?: string | null; hint?: string } };
    return { status, code: error.code ?? String(status), message: error.message ?? text, hint: error.hint };
  } catch {
    return { status, code: String(status), message: text.slice(0, 300) || response.statusText };
  }
}

/** Of anything that was thrown. */
export const asProblem = (error: unknown): ServerProblem =>
  error instanceof ServerError
    ? error
    : { status: 0, code: 'error', message: error instanceof Error ? error.message : String(error) };
