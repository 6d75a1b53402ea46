/** Asks an app without a socket, and reads what it streams. */
import { type AppOptions, createApp } from '../../../src/serve/http/app.ts';
import { type FakeOptions, fakeEngine, fakePool } from '../fake-engine.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a test looks into
export type Json = Record<string, any>;

export function appWith(fake: FakeOptions = {}, options: Partial<AppOptions> = {}) {
  const engine = fakeEngine(fake);
  const app = createApp({ pool: fakePool(engine), ...options });
  const post = (
    path: string,
    body: unknown,
    { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ) =>
    Promise.resolve(
      app.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        signal,
      }),
    );
  const ask = async (path: string, body: unknown): Promise<{ status: number; body: Json }> => {
    const answer = await post(path, body);
    return { status: answer.status, body: (await answer.json()) as Json };
  };
  return { app, engine, post, ask };
}

/** Events of a stream: their names, if they have one, and data. */
export const eventsOf = (text: string): { event?: string; data: string }[] =>
  text
    .split('\n\n')
    .filter(block => block.includes('data: '))
    .map(block => ({
      event: /^event: (.*)$/m.exec(block)?.[1],
      data: /^data: (.*)$/m.exec(block)![1],
    }));
