import { describe, expect, it } from 'vitest';
import { longJson } from '../../../../src/serve/http/stream/long-json.ts';
import { startWork } from '../../../../src/serve/http/work.ts';

const work = () => startWork(new AbortController().signal, Number.POSITIVE_INFINITY).work;
const ids = Array.from({ length: 100_001 }, (_, i) => i);
const texts = ids.map(id => `"${id}\n`);

describe('long answers', () => {
  it.each([
    { count: 1, ids, none: null },
    { ids, texts },
    { ids, between: 'a', left: undefined, texts, last: [1] },
    { short: [1, 2] },
    {},
  ])('are the JSON that they would be in one piece: %#', async body => {
    const one = work();
    const response = longJson(one, body);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe(JSON.stringify(body));
    await one.body;
  });

  it('let others in between', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await longJson(work(), { ids }).text();
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(6);
  });

  it('are over when the client leaves', async () => {
    const one = work();
    const reader = longJson(one, { ids }).body!.getReader();
    await reader.read();
    await reader.cancel();
    await one.body;
  });
});
