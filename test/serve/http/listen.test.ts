import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../../src/serve/http/app.ts';
import { listen } from '../../../src/serve/http/listen.ts';
import { type FakeOptions, fakeEngine, fakePool } from '../fake-engine.ts';

const start = async (fake: FakeOptions = {}) => {
  const engine = fakeEngine(fake);
  const server = await listen(createApp({ pool: fakePool(engine) }), { port: 0 });
  const ask = (body: object, signal?: AbortSignal): Promise<Response> =>
    fetch(`${server.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'fake', prompt: 'a', max_tokens: 1000, ...body }),
      signal,
    });
  return { engine, server, ask };
};

describe('a server on a socket', () => {
  it('finishes streams before it ends, and takes no new requests', async () => {
    const { server, ask } = await start({ says: 'x'.repeat(20), tokenMs: 10 });
    const answer = await ask({ stream: true });
    const reader = answer.body!.getReader();
    await reader.read();
    const closed = server.close();
    let text = '';
    for (let next = await reader.read(); !next.done; next = await reader.read())
      text += Buffer.from(next.value).toString();
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    await closed;
    await expect(ask({})).rejects.toThrow();
  });

  it('ends what does not finish in time', async () => {
    const { server, ask, engine } = await start({ says: 'x'.repeat(1000), tokenMs: 20 });
    const answer = await ask({ stream: true });
    await server.close(50);
    await expect(answer.text()).rejects.toThrow();
    await expect.poll(() => engine.aborted).toBe(1);
  });

  it.each([true, false])('ends the work when the client leaves (stream: %s)', async stream => {
    const { server, ask, engine } = await start({ says: 'x'.repeat(1000), tokenMs: 5 });
    const controller = new AbortController();
    const asked = ask({ stream }, controller.signal).then(answer => answer.text());
    await expect.poll(() => engine.requests.length).toBe(1);
    controller.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => engine.aborted).toBe(1);
    await server.close(1000);
  });

  it('answers a body that is too large while it is still coming', async () => {
    const { server } = await start();
    const { port } = new URL(server.url);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${2 ** 30}\r\n\r\n{`,
        );
      });
      let got = '';
      socket.on('data', data => (got += data));
      socket.on('close', () => resolve(got));
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(text).toContain('body_too_large');
    await server.close(1000);
  });

  it('says when the port is taken', async () => {
    const { server } = await start();
    const port = Number(new URL(server.url).port);
    await expect(listen(createApp({ pool: fakePool() }), { port })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is taken`,
    );
    await server.close();
  });
});
