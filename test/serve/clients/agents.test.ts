import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/serve/http/app.ts';
import { listen } from '../../../src/serve/http/listen.ts';
import { fakeEngine, fakePool } from '../fake-engine.ts';
import { loops } from './agent-loops.ts';
import { ROUNDS } from './rounds.ts';
import { scripted } from './scripted.ts';

describe('agents of real clients', () => {
  const engine = fakeEngine({ says: scripted });
  let server: Awaited<ReturnType<typeof listen>>;
  beforeAll(async () => {
    server = await listen(createApp({ pool: fakePool(engine) }), { port: 0 });
  });
  afterAll(() => server?.close(1000));

  it.each(Object.entries(loops))('%s', async (_, loop) => {
    const { answer, calls } = await loop(server.url, 'fake');
    expect(calls % ROUNDS).toBe(0);
    expect(calls).toBeGreaterThan(0);
    expect(answer).toMatch(/Asked 3 times|"town":"Rom"/);
  });
});
