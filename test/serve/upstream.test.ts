import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/serve/http/app.ts';
import { type Listening, listen } from '../../src/serve/http/listen.ts';
import { connectUpstream, type Upstream, withUpstreams } from '../../src/serve/upstream.ts';
import { type FakeEngine, fakeEngine, fakePool } from './fake-engine.ts';

describe('another server', () => {
  const far: FakeEngine = fakeEngine({ card: { id: 'far' }, says: 'x'.repeat(200), tokenMs: 2 });
  let server: Listening;
  let upstream: Upstream;
  let app: ReturnType<typeof createApp>;
  beforeAll(async () => {
    server = await listen(createApp({ pool: fakePool(far) }), { port: 0 });
    upstream = await connectUpstream({ url: `${server.url}/v1/` });
    app = createApp({ pool: withUpstreams(fakePool(fakeEngine()), [upstream]), upstreams: [upstream] });
  });
  afterAll(() => server.close(1000));

  const ask = (body: object) =>
    app.request('/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'a', ...body }),
    });

  it('has its models listed beside the own', async () => {
    const { data } = (await (await app.request('/v1/models')).json()) as { data: { id: string; owned_by: string }[] };
    expect(data.map(({ id, owned_by }) => [id, owned_by])).toEqual([
      ['fake', 'tslm'],
      ['far', server.url],
    ]);
  });

  it('is asked for its models, and others are not', async () => {
    const far = (await (await ask({ model: 'far', max_tokens: 3 })).json()) as { choices: { text: string }[] };
    const near = (await (await ask({ model: 'fake', max_tokens: 5 })).json()) as { choices: { text: string }[] };
    expect([far.choices[0].text, near.choices[0].text]).toEqual(['xxx', 'Hello']);
  });

  it('streams through, and hears when the client leaves', async () => {
    const whole = await ask({ model: 'far', max_tokens: 3, stream: true });
    expect(whole.headers.get('content-type')).toMatch('text/event-stream');
    expect((await whole.text()).trimEnd().endsWith('data: [DONE]')).toBe(true);
    const reader = (await ask({ model: 'far', max_tokens: 200, stream: true })).body!.getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => far.aborted).toBe(1);
  });

  it('has its errors passed on as they are', async () => {
    const answer = await ask({ model: 'far', top_p: 9 });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: 'top_p' } });
  });

  it('that does not answer is an error of its own', async () => {
    await expect(connectUpstream({ url: 'http://127.0.0.1:9' })).rejects.toThrow('does not answer');
    const gone = await listen(createApp({ pool: fakePool(fakeEngine({ card: { id: 'gone' } })) }), { port: 0 });
    const lost = await connectUpstream({ url: gone.url });
    await gone.close(0);
    const other = createApp({ pool: fakePool(), upstreams: [lost] });
    const answer = await other.request('/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"model":"gone"}',
    });
    expect(answer.status).toBe(502);
  });
});
