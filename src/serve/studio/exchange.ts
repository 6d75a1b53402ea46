/** Requests and answers of `/studio/api`. */
import { spellNonFinite } from '../../runs/metrics-log.ts';
import { usageError } from '../../support/errors.ts';

export const jsonOf = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value, spellNonFinite), { status, headers: { 'content-type': 'application/json' } });

/** Server-sent events, which end when the reader leaves. */
export function eventsOf(events: (signal: AbortSignal) => AsyncGenerator<unknown>, left: AbortSignal): Response {
  const controller = new AbortController();
  const signal = AbortSignal.any([left, controller.signal]);
  const encoder = new TextEncoder();
  const iterator = events(signal);
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      const { value, done } = await iterator.next();
      if (done) stream.close();
      else stream.enqueue(encoder.encode(`data: ${JSON.stringify(value)}\n\n`));
    },
    async cancel() {
      controller.abort(new Error('the reader has left'));
      await iterator.return(undefined);
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
}

export async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    throw usageError('TSLM_BAD_JSON', 'the body is not JSON', 'send a JSON object');
  }
}
