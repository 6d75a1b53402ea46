/** A model whose thread ends: it is opened again, later and later, and says meanwhile when to ask again. */
import { describe, expect, it } from 'vitest';
import type { OpenedEngine } from '../../src/engine/open-engine.ts';
import { supervise } from '../../src/engine/supervise.ts';
import { fakeEngine } from '../serve/fake-engine.ts';

interface Opened extends OpenedEngine {
  end(reason: unknown): void;
  adapters: string[];
}

function opened(): Opened {
  let end!: (reason: unknown) => void;
  const adapters: string[] = [];
  const engine = fakeEngine();
  return {
    ...engine,
    notes: [],
    ended: new Promise(resolve => {
      end = resolve;
    }),
    end,
    adapters,
    async loadAdapter(name, path) {
      adapters.push(`${name}=${path}`);
      return engine.loadAdapter(name, path);
    },
    [Symbol.asyncDispose]: engine.close,
  };
}

const turn = (): Promise<unknown> => new Promise(resolve => setImmediate(resolve));

describe('a supervised model', () => {
  it('is opened again with its adapters when its thread has ended', async () => {
    const engines = [opened(), opened()];
    const told: unknown[] = [];
    let next = 0;
    const model = await supervise(async () => engines[next++], {
      delays: [5],
      onDown: (reason, seconds) => told.push([reason, seconds]),
      onUp: () => told.push('up'),
    });
    await model.loadAdapter('a', '/a');
    await model.loadAdapter('b', '/b');
    await model.unloadAdapter('b');
    engines[0].end('why');
    await turn();
    expect(told).toEqual([['why', 0.005]]);
    expect([model.isUp, model.restarts]).toEqual([false, 0]);
    const down = { code: 'TSLM_MODEL_DOWN', retryAfter: 1 };
    await expect(model.stats()).rejects.toMatchObject(down);
    await expect(
      model
        .generate({ prompt: { text: 'a' } })
        [Symbol.asyncIterator]()
        .next(),
    ).rejects.toMatchObject(down);
    while (!model.isUp) await turn();
    expect(told.at(-1)).toBe('up');
    expect(model.restarts).toBe(1);
    expect(engines[1].adapters).toEqual(['a=/a']);
    expect(await model.stats()).toMatchObject({ queued: 0 });
    await model.close();
  });

  it('is tried later and later while it cannot be opened', async () => {
    const first = opened();
    const last = opened();
    const seconds: number[] = [];
    let tries = 0;
    const model = await supervise(
      async () => {
        if (tries++ === 0) return first;
        if (tries < 5) throw new Error('not yet');
        return last;
      },
      { delays: [1, 2, 3], onDown: (_, after) => seconds.push(after) },
    );
    first.end('why');
    await turn();
    while (!model.isUp) await turn();
    expect(seconds).toEqual([0.001, 0.002, 0.003, 0.003]);
    last.end('again');
    await turn();
    expect(seconds.at(-1)).toBe(0.003); // it has not been at work for long
    await model.close();
  });

  it('is not opened again once it is closed, and fails as it did where it never opened', async () => {
    const one = opened();
    let tries = 0;
    const model = await supervise(
      async () => {
        tries++;
        return one;
      },
      { delays: [1] },
    );
    await model.close();
    one.end('closed');
    await new Promise(resolve => setTimeout(resolve, 10));
    expect(tries).toBe(1);
    await expect(supervise(() => Promise.reject(new Error('no model')))).rejects.toThrow('no model');
  });
});
