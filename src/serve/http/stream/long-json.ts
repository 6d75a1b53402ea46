/** A JSON answer with lists that may be long: these are written a part at a time, so that streams of others go on in between. */
import type { Work } from '../work.ts';

/** Items of a list that are written at once. */
const ITEMS = 20_000;

/** The text of `JSON.stringify(body)`, in parts. */
export function longJson(work: Work, body: Readonly<Record<string, unknown>>): Response {
  if (!Object.values(body).some(isLong)) return Response.json(body);
  const parts = partsOf(body);
  const encoder = new TextEncoder();
  let finish!: () => void;
  work.body = new Promise(resolve => (finish = resolve));
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise(setImmediate);
      const { done, value } = parts.next();
      if (!done) {
        controller.enqueue(encoder.encode(value));
        return;
      }
      controller.close();
      finish();
    },
    cancel: () => finish(),
  });
  return new Response(stream, { headers: { 'content-type': 'application/json' } });
}

const isLong = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > ITEMS;

function* partsOf(body: Readonly<Record<string, unknown>>): Generator<string, void> {
  let before = '{';
  for (const [key, value] of Object.entries(body)) {
    if (value === undefined) continue;
    const begin = `${before}${JSON.stringify(key)}:`;
    before = ',';
    if (!isLong(value)) {
      yield begin + JSON.stringify(value);
      continue;
    }
    for (let at = 0; at < value.length; at += ITEMS) {
      const items = JSON.stringify(value.slice(at, at + ITEMS)).slice(1, -1);
      yield (at === 0 ? `${begin}[` : ',') + items;
    }
    before = '],';
  }
  yield before.startsWith(']') ? ']}' : '}';
}
