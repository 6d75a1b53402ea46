import { describe, expect, it } from 'vitest';
import { createBatch, TURN } from '../../src/engine/batch.ts';
import { createPagePool } from '../../src/engine/pages.ts';
import type { Sequence } from '../../src/engine/sequence.ts';
import { fakeSequence } from './fake-model.ts';

/** Texts by name: the client and the number of the request. */
function texts(...names: string[]): Sequence[] {
  return names.map((name, i) =>
    fakeSequence({ ids: [i, 1, 2, 3, 4], owner: { client: name[0], request: name }, adapter: `${i}` }),
  );
}
const nameOf = ({ job }: Sequence): string => job.owner.request;

function batchOf(names: string[], { maxBatch = 4, pages = 100 } = {}) {
  const pool = createPagePool(pages, 4);
  const batch = createBatch(pool, maxBatch);
  for (const text of texts(...names)) batch.add(text);
  const admitted: string[] = [];
  const admit = (): string[] => {
    batch.admit(text => admitted.push(nameOf(text)));
    return batch.running.map(nameOf);
  };
  return { pool, batch, admitted, admit };
}

describe('places', () => {
  it.each([
    ['go to those who came first', ['a1', 'a1', 'a1', 'a1', 'a1'], ['a1', 'a1', 'a1', 'a1']],
    ['are shared between clients', ['a1', 'a1', 'a1', 'a1', 'b1', 'b1'], ['a1', 'b1', 'a1', 'b1']],
    ['and between the requests of each', ['a1', 'a1', 'a1', 'a2', 'a2'], ['a1', 'a2', 'a1', 'a2']],
  ])('%s', (_, names, running) => {
    expect(batchOf(names).admit()).toEqual(running);
  });

  it('are taken from whoever has more than its share', () => {
    const { batch, admit } = batchOf(['a1', 'a1', 'a1', 'a1']);
    admit();
    batch.add(texts('b1')[0]);
    expect(admit().sort()).toEqual(['a1', 'a1', 'a1', 'b1']);
    expect(batch.waiting.map(nameOf)).toEqual(['a1']);
  });

  it('change hands after a turn where all have one', () => {
    const { batch, admit } = batchOf(['a1', 'a2', 'a3'], { maxBatch: 2 });
    expect(admit()).toEqual(['a1', 'a2']);
    batch.running[0].turn = TURN - 1;
    expect(admit()).toEqual(['a1', 'a2']);
    batch.running[0].turn = TURN;
    expect(admit()).toEqual(['a2', 'a3']);
    expect(batch.waiting.map(nameOf)).toEqual(['a1']);
    expect(batch.running.map(({ turn }) => turn)).toEqual([0, 0]);
  });
});

describe('pages', () => {
  it('let in as many texts as they hold', () => {
    expect(batchOf(['a1', 'a2', 'a3'], { pages: 5 }).admit()).toEqual(['a1', 'a2']);
  });

  it('are taken from a text that waits, and then from whoever has the most', () => {
    const { pool, batch, admit } = batchOf(['a1', 'a1', 'b1'], { pages: 6 });
    expect(admit()).toEqual(['a1', 'b1', 'a1']);
    const [, b] = batch.running;
    b.past = 8;
    expect(batch.makeRoom(b)).toBe(true);
    expect(batch.running.map(nameOf)).toEqual(['a1', 'b1']);
    expect(batch.waiting).toMatchObject([{ pages: [], past: 0 }]);
    expect(pool.available).toBe(1);
  });

  it('come back from those that have ended or are not wanted any more', () => {
    const { pool, batch, admit } = batchOf(['a1', 'a2', 'a3'], { maxBatch: 2 });
    admit();
    batch.remove(batch.running[0]);
    batch.running[0].job.isCancelled = true;
    expect(batch.dropCancelled()).toBe(true);
    expect(batch.dropCancelled()).toBe(false);
    expect(pool.available).toBe(pool.total);
    expect(admit()).toEqual(['a3']);
  });
});
