/**
 * Server-sent events (WHATWG HTML, 9.2). A first piece goes out at once; pieces that follow within milliseconds share a
 * write, since a write costs more than a token. Comments keep the connection alive while nothing comes.
 */

import { RequestError } from '../../../engine/request-error.ts';
import { answerOf } from '../errors.ts';
import type { Work } from '../work.ts';

export interface EventStreamOptions {
  /** An error after the status has been sent. Default an event `error` with OpenAI's body. */
  errorFrame?: (error: unknown) => string;
  /** Milliseconds of silence after which a comment is sent. */
  pingMs?: number;
  /** Milliseconds between two writes. */
  flushMs?: number;
  /** Milliseconds that an error may take to come and still be a status of its own. */
  patienceMs?: number;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no', // nginx hands on each piece
};

/** Bytes that may wait for a slow reader before the generation is no longer read. */
const HIGH_WATER = 256 * 1024;

export const dataFrame = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
export const namedFrame = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
export const DONE = 'data: [DONE]\n\n';

/**
 * @param frames whole events as text
 * @throws what `frames` throws before its first event
 */
export async function eventStream(
  work: Work,
  frames: AsyncIterable<string>,
  {
    errorFrame = error => namedFrame('error', answerOf(error, work.names).body),
    pingMs = 10_000,
    flushMs = 8,
    patienceMs = 500,
  }: EventStreamOptions = {},
): Promise<Response> {
  const iterator = frames[Symbol.asyncIterator]();
  const first = iterator.next();
  await within(first, patienceMs);
  const encoder = new TextEncoder();
  let finish!: () => void;
  work.body = new Promise(resolve => {
    finish = resolve;
  });
  let wake: (() => void) | undefined;

  const pump = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    let waiting = '';
    let flushed = 0;
    let timer: NodeJS.Timeout | undefined;
    const write = (text: string): void => {
      if (text !== '' && !isCancelled()) controller.enqueue(encoder.encode(text));
      flushed = performance.now();
    };
    const flush = (): void => {
      clearTimeout(timer);
      timer = undefined;
      write(waiting);
      waiting = '';
    };
    const pings = setInterval(() => {
      if (performance.now() - flushed >= pingMs) write(': ping\n\n');
    }, pingMs);
    try {
      for (let next = await first; !next.done; next = await iterator.next()) {
        waiting += next.value;
        const pause = flushed + flushMs - performance.now();
        if (pause <= 0) flush();
        else timer ??= setTimeout(flush, pause);
        if ((controller.desiredSize ?? 1) <= 0 && !isCancelled()) await roomFor(work.signal);
      }
    } catch (error) {
      work.error = error;
      waiting += errorFrame(error);
    } finally {
      clearInterval(pings);
      flush();
      if (!isCancelled()) controller.close();
      finish();
    }
  };

  let cancelled = false;
  const isCancelled = (): boolean => cancelled;
  /** Until the reader has taken some, or the work ends. */
  const roomFor = (signal: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      const go = (): void => {
        wake = undefined;
        signal.removeEventListener('abort', go);
        resolve();
      };
      if (signal.aborted) return resolve();
      wake = go;
      signal.addEventListener('abort', go, { once: true });
    });

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        void pump(controller);
      },
      pull() {
        wake?.();
      },
      cancel() {
        cancelled = true;
        work.abort(new RequestError('TSLM_CLIENT_CLOSED', 'the client has left'));
        wake?.();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER }),
  );
  return new Response(body, { headers: HEADERS });
}

/** Settles with the promise, or after some time. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const pause = new Promise(resolve => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await Promise.race([promise, pause]);
  } finally {
    clearTimeout(timer);
  }
}
