/**
 * Requests to the hub: who asks, how long silence is borne, what is tried again. The token goes to the hub's own origin
 * only: it is put on requests to it, and `fetch` drops it when a redirect leads elsewhere (Fetch standard, HTTP-redirect
 * fetch).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { version } from '../support/version.ts';
import { BrokenConnection, givingUp, networkError } from './broken-connection.ts';
import type { Connection } from './connection-options.ts';
import { isTransient, statusError } from './status.ts';

/** Tries in a row that brought nothing, before giving up. */
const TRIES = 5;
const LONGEST_WAIT = 60_000;

export interface Reply {
  response: Response;
  /** The body as it arrives. */
  chunks: AsyncIterable<Uint8Array>;
}

/**
 * One request, once.
 *
 * @param file what is asked for, for messages; undefined for questions about the model
 * @throws UserError when the hub refuses; what `withRetries` tries again otherwise
 */
export async function send(connection: Connection, url: string, headers: Headers, file?: string): Promise<Reply> {
  const { signal, timeout, token } = connection;
  const silence = new AbortController();
  let timer: NodeJS.Timeout;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => silence.abort(new BrokenConnection(`no answer for ${timeout / 1000} seconds`)),
      timeout,
    ).unref();
  };
  if (token && new URL(url).origin === new URL(connection.endpoint).origin) {
    headers.set('authorization', `Bearer ${token.value}`);
  }
  headers.set('user-agent', `tslm/${version}`);
  const failed = (error: unknown): unknown => {
    clearTimeout(timer);
    if (signal?.aborted) return signal.reason;
    return error instanceof TypeError ? networkError(error, connection) : error;
  };
  heard();
  try {
    const response = await fetch(url, {
      headers,
      signal: signal ? AbortSignal.any([silence.signal, signal]) : silence.signal,
    });
    heard();
    if (response.ok) return { response, chunks: body(response) };
    await response.body?.cancel();
    clearTimeout(timer!);
    if (isTransient(response.status)) {
      throw new BrokenConnection(`${new URL(response.url).host} answers ${response.status}`, {
        wait: retryAfter(response),
        cause: response.status,
      });
    }
    throw statusError(response, connection, file);
  } catch (error) {
    throw failed(error);
  }

  async function* body(response: Response): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response.body ?? []) {
        heard();
        yield chunk;
      }
    } catch (error) {
      throw failed(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Runs `action` until it succeeds, waiting longer and longer. `action` says when something arrived: then it counts as a
 * first try again.
 */
export async function withRetries<T>(connection: Connection, action: (arrived: () => void) => Promise<T>): Promise<T> {
  let failures = 0;
  for (;;) {
    try {
      return await action(() => {
        failures = 0;
      });
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error;
      if (++failures === TRIES) throw givingUp(error, TRIES, connection);
      const backoff = connection.retryDelay * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
      const wait = Math.min(Math.max(backoff, error.wait), LONGEST_WAIT);
      connection.onRetry?.(error.message, wait / 1000);
      await sleep(wait, undefined, { signal: connection.signal });
    }
  }
}

/** `fetch` for @huggingface/hub: whole answers, tried again as long as that makes sense. */
export const apiFetch =
  (connection: Connection): typeof fetch =>
  (input, init) =>
    withRetries(connection, async () => {
      const { response, chunks } = await send(connection, String(input), new Headers(init?.headers));
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      return new Response(Buffer.concat(parts), { status: response.status, headers: response.headers });
    });

/** Seconds, or a date. */
function retryAfter(response: Response): number {
  const value = response.headers.get('retry-after') ?? '';
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return wait > 0 ? wait : 0;
}
