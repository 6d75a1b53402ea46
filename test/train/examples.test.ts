/** Examples made in the loop and ahead of it. */
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/rows/dataset.ts';
import type { AnyObjective } from '../../src/objectives/objective.ts';
import { type ExampleData, type ExampleWorkers, exampleFeed, examplesOf } from '../../src/train/examples.ts';
import { createSampler } from '../../src/train/sampler.ts';

const data: Dataset<number> = { length: 10, row: (index, epoch = 0) => 100 * epoch + index, fingerprint: '' };
/** An example shows all that it may follow from. */
const objective = {
  copies: 2,
  example: (row: number, random: { next(): number }, progress: number) => [row, random.next(), progress],
} as unknown as AnyObjective;
const made: ExampleData = { objective, data, seed: 3 };
const settle = () => new Promise(resolve => setTimeout(resolve, 5));

/** Workers that answer late and in another order, and count what they were asked for. */
function slowWorkers(asked: number[], { fails = false, badRow = -1 } = {}) {
  let open = 0;
  const start = (threads: number): ExampleWorkers => {
    open++;
    return {
      ready: fails ? Promise.reject(new Error('no thread')) : Promise.resolve(),
      async make(rows, progress) {
        asked.push(rows.length);
        await new Promise(resolve => setTimeout(resolve, threads * (rows.length % 3)));
        if (rows.some(({ index }) => index === badRow)) throw new Error(`row ${badRow} is bad`);
        return examplesOf(made, rows, progress);
      },
      close: async () => void open--,
    };
  };
  return { start, open: () => open };
}

const options = (batchSize: number) => ({
  ...made,
  sampler: createSampler({ length: data.length, seed: 1, batchSize, parts: 2 }),
  parts: 2,
  steps: 9,
  progressAt: (step: number) => step / 9,
});

async function allOf(feed: ReturnType<typeof exampleFeed>): Promise<unknown[]> {
  const steps: unknown[] = [];
  for (let step = 0; step < 9; step++) steps.push(await feed.next(step));
  await feed.close();
  return steps;
}

describe('the examples of steps', async () => {
  const inLoop = await allOf(exampleFeed(options(6)));

  it('are drawn once for each of an objective’s copies', () => {
    const flat = (inLoop as [number, number][][][]).flat(2);
    const drawn = new Map(flat.map(([row, random]) => [row, random]));
    // 9 steps of 12 rows are over ten epochs, of which only two differ.
    expect([...drawn.keys()].every(row => row < 200)).toBe(true);
    expect(flat.every(([row, random]) => drawn.get(row) === random)).toBe(true);
  });

  it.each([1, 2, 5])('are the same from %i threads, of which none is left', async threads => {
    const asked: number[] = [];
    const workers = slowWorkers(asked);
    const feed = exampleFeed({ ...options(6), workers: { start: workers.start, threads } });
    expect(await allOf(feed)).toEqual(inLoop);
    // All but those of the first step, for which nobody can wait.
    expect(asked.reduce((a, b) => a + b, 0)).toBe(8 * 12);
    expect(workers.open()).toBe(0);
  });

  it('are made four steps ahead at most, and none after the last', async () => {
    const asked: number[] = [];
    const feed = exampleFeed({ ...options(2), workers: { start: slowWorkers(asked).start, threads: 1 } });
    await feed.next(0);
    await settle();
    expect(asked.length).toBe(4 * 2);
    await feed.next(1);
    expect(asked.length).toBe(5 * 2);
    for (let step = 2; step < 9; step++) await feed.next(step);
    expect(asked.length).toBe(8 * 2);
  });

  it('fail at the step that has the bad row', async () => {
    const { sampler } = options(2);
    const stepOf = (index: number) =>
      [0, 1, 2, 3, 4, 5, 6, 7, 8].find(step =>
        [0, 1].some(part => sampler.batch(step, part).some(row => row.index === index)),
      )!;
    const badRow = [...Array(10).keys()].find(index => stepOf(index) === 2)!;
    const feed = exampleFeed({ ...options(2), workers: { start: slowWorkers([], { badRow }).start, threads: 2 } });
    await feed.next(0);
    await settle();
    await feed.next(1);
    await expect(feed.next(2)).rejects.toThrow(`row ${badRow} is bad`);
    await feed.close();
  });
});

describe('threads that are started where they are worth it', () => {
  const automatic = (start: (threads: number) => ExampleWorkers, onFailure?: (reason: string) => void) =>
    exampleFeed({ ...options(6), workers: { start, threads: 'auto', onFailure } });

  it.each([
    [{ seconds: 1, wait: 0.01 }, 0],
    [{ seconds: 1, wait: 0.2 }, 1],
  ])('with steps of %o are %i', async (times, count) => {
    const asked: number[] = [];
    const workers = slowWorkers(asked);
    const feed = automatic(workers.start);
    const inLoop = exampleFeed(options(6));
    for (let step = 0; step < 9; step++) {
      expect(await feed.next(step)).toEqual(await inLoop.next(step));
      feed.took(step === 0 ? { seconds: 1, wait: 1 } : times); // the first step does not count
      await settle();
    }
    expect(workers.open()).toBe(count);
    expect(asked.length > 0).toBe(count > 0);
    await feed.close();
    expect(workers.open()).toBe(0);
  });

  it('that cannot begin are done without, and it is told', async () => {
    const reasons: string[] = [];
    const feed = automatic(slowWorkers([], { fails: true }).start, reason => reasons.push(reason));
    for (let step = 0; step < 9; step++) {
      await feed.next(step);
      feed.took({ seconds: 1, wait: 0.5 });
      await settle();
    }
    expect(reasons).toEqual(['no thread']);
  });

  it('that were asked for by number must begin', async () => {
    const feed = exampleFeed({ ...options(2), workers: { start: slowWorkers([], { fails: true }).start, threads: 2 } });
    await expect(feed.next(0)).rejects.toThrow('no thread');
  });
});
