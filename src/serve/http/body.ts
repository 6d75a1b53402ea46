/** Reads the body of a request: JSON, and no more of it than is allowed. */
import type { Context } from 'hono';
import { RequestError } from '../../engine/request-error.ts';
import type { Env } from './work.ts';

/** @throws RequestError when it is too large, no JSON, or does not come in full */
export async function readBody(c: Context<Env>, maxBytes: number): Promise<{ text: string; body: unknown }> {
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    // A page may send anything else to any server without asking it first.
    throw new RequestError('TSLM_MEDIA_TYPE', 'the body must be JSON', { hint: 'send Content-Type: application/json' });
  }
  if (c.req.header('content-encoding') !== undefined) {
    throw new RequestError('TSLM_MEDIA_TYPE', 'the body is compressed', { hint: 'send it as it is' });
  }
  const text = await textOf(c, maxBytes);
  try {
    return { text, body: JSON.parse(text) };
  } catch (error) {
    throw new RequestError('TSLM_INVALID_JSON', `the body is not valid JSON: ${(error as Error).message}`);
  }
}

async function textOf(c: Context<Env>, maxBytes: number): Promise<string> {
  const { signal } = c.get('work');
  const length = c.req.header('content-length');
  if (Number(length ?? 0) > maxBytes) throw tooLarge(maxBytes);
  try {
    if (length !== undefined) return await c.req.text();
    const reader = c.req.raw.body?.getReader();
    const parts: Uint8Array[] = [];
    let size = 0;
    for (let next = await reader?.read(); next && !next.done; next = await reader!.read()) {
      size += next.value.byteLength;
      if (size > maxBytes) {
        await reader!.cancel();
        throw tooLarge(maxBytes);
      }
      parts.push(next.value);
    }
    return Buffer.concat(parts).toString('utf8');
  } catch (error) {
    if (error instanceof RequestError) throw error;
    if (signal.aborted) throw signal.reason;
    throw new RequestError('TSLM_CLIENT_CLOSED', 'the body did not come in full');
  }
}

const tooLarge = (maxBytes: number): RequestError =>
  new RequestError('TSLM_BODY_TOO_LARGE', `the body is larger than ${maxBytes} bytes`, {
    hint: 'send less at a time, or start the server with a larger --max-body',
  });
