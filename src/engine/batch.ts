/**
 * Which texts grow and which wait. Places in the batch and pages of the cache are shared evenly between clients and requests
 * (`shares.ts`): whoever has more than its share lets go.
 */
import type { PagePool } from './pages.ts';
import { ownerOf, type Sequence } from './sequence.ts';
import { hasRoom, leavePages, takePages } from './sequence-pages.ts';
import { type Shares, sharesOf } from './shares.ts';

export interface Batch {
  /** In the order in which they were let in. */
  readonly running: readonly Sequence[];
  /** The next one first. */
  readonly waiting: readonly Sequence[];
  /** To the end of the queue. */
  add(sequence: Sequence): void;
  /** To the front of the queue, in this order. */
  addFirst(sequences: readonly Sequence[]): void;
  /** Lets texts in: first of whoever has the smallest share of the batch, who also takes places from those that have more. */
  admit(onAdmitted: (sequence: Sequence) => void): void;
  /** A page for the next position; where there is none, a text of whoever has the most waits and is read anew later. */
  makeRoom(sequence: Sequence): boolean;
  /** A text of the batch has come to its end. */
  remove(sequence: Sequence): void;
  /** Whether there were any. */
  dropCancelled(): boolean;
}

/** Steps after which a text that others wait for lets one of them in. */
export const TURN = 64;

/** @param maxBatch most sequences decoded together */
export function createBatch(pool: PagePool, maxBatch: number): Batch {
  const waiting: Sequence[] = [];
  const running: Sequence[] = [];

  const shares = (): Shares<Sequence> => sharesOf(running, ownerOf);

  /** Out of the batch for a while, with its pages as long as nobody needs them. */
  function pause(sequence: Sequence, { isLast = false } = {}): void {
    running.splice(running.indexOf(sequence), 1);
    if (isLast) waiting.push(sequence);
    else waiting.unshift(sequence);
  }

  /** Takes the pages of a text that waits, the last one's first; false when there are none. */
  function reclaim(except: Sequence): boolean {
    const paused = waiting.findLast(sequence => sequence !== except && sequence.pages.length > 0);
    if (paused) leavePages(pool, paused);
    return paused !== undefined;
  }

  /** Of those in the batch whoever has the most, where giving a place to `sequence` brings the two closer. */
  const richerThan = (sequence: Sequence): Sequence | undefined => {
    const all = shares();
    return all.richest(other => all.surplus(other, sequence) > 1);
  };

  /** Whose turn is over, where all have the same and `sequence` has one place fewer. */
  const turnFor = (sequence: Sequence): Sequence | undefined => {
    const all = shares();
    return running.find(other => other.turn >= TURN && all.surplus(other, sequence) > 0);
  };

  /** Makes a place in a batch that is full for one of those that wait; undefined when none has a better right to it. */
  function yieldPlace(candidates: readonly Sequence[]): Sequence | undefined {
    for (const sequence of candidates) {
      const richer = richerThan(sequence);
      if (richer) {
        pause(richer);
        return sequence;
      }
    }
    for (const sequence of candidates) {
      const before = turnFor(sequence);
      // Pages are not taken away for a turn: reading texts anew again and again would cost more than it gives.
      if (before && takePages(pool, sequence)) {
        pause(before, { isLast: true });
        return sequence;
      }
    }
    return undefined;
  }

  return {
    running,
    waiting,
    add: sequence => void waiting.push(sequence),
    addFirst: sequences => void waiting.unshift(...sequences),
    admit(onAdmitted) {
      while (waiting.length > 0) {
        const candidates = shares().candidates(waiting);
        const sequence = running.length < maxBatch ? candidates[0] : yieldPlace(candidates);
        if (!sequence) return;
        while (!takePages(pool, sequence)) {
          if (reclaim(sequence)) continue;
          const richer = richerThan(sequence);
          if (!richer) return;
          leavePages(pool, richer);
          pause(richer);
        }
        waiting.splice(waiting.indexOf(sequence), 1);
        sequence.turn = 0;
        running.push(sequence);
        onAdmitted(sequence);
      }
    },
    makeRoom(sequence) {
      if (hasRoom(sequence, pool)) return true;
      let page = pool.take(1);
      while (!page) {
        if (!reclaim(sequence)) {
          const victim = shares().richest()!;
          leavePages(pool, victim);
          pause(victim);
          if (victim === sequence) return false;
        }
        page = pool.take(1);
      }
      sequence.pages.push(...page);
      return true;
    },
    remove(sequence) {
      leavePages(pool, sequence);
      running.splice(running.indexOf(sequence), 1);
    },
    dropCancelled() {
      let hasDropped = false;
      for (const list of [waiting, running]) {
        for (let i = list.length - 1; i >= 0; i--) {
          if (!list[i].job.isCancelled) continue;
          leavePages(pool, list.splice(i, 1)[0]);
          hasDropped = true;
        }
      }
      return hasDropped;
    },
  };
}
