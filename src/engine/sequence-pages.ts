/** The pages that a text's keys and values lie in: taken with those it shares, added to, shown to others and given back. */
import type { PagePool } from './pages.ts';
import { type Sequence, scoresPrompt } from './sequence.ts';

/** Adapters change keys and values: pages belong to what an adapter holds, not to its name, which another one may get. */
const rootOf = ({ job }: Sequence): string => job.root;

/** Pages for all tokens that it has and the next one; false when there are not enough. */
export function takePages(pool: PagePool, sequence: Sequence): boolean {
  const { ids } = sequence.row;
  const needed = Math.ceil((ids.length + 1) / pool.pageSize);
  if (sequence.pages.length > 0) {
    const more = pool.take(Math.max(0, needed - sequence.pages.length));
    if (more) sequence.pages.push(...more);
    return more !== undefined;
  }
  // At least one token is read: its logits are what the next one is chosen from.
  const shared = scoresPrompt(sequence) ? [] : pool.share(rootOf(sequence), ids.slice(0, -1));
  const more = pool.take(needed - shared.length);
  if (!more) {
    pool.release(shared);
    return false;
  }
  sequence.pages = [...shared, ...more];
  sequence.past = shared.length * pool.pageSize;
  sequence.published = shared.length;
  return true;
}

export const hasRoom = ({ past, pages }: Sequence, { pageSize }: PagePool): boolean => past < pages.length * pageSize;

/** Gives its pages back: what they hold is read anew later. */
export function leavePages(pool: PagePool, sequence: Sequence): void {
  pool.release(sequence.pages);
  sequence.pages = [];
  sequence.past = 0;
  sequence.published = 0;
  sequence.prompt = [];
}

/** Lets others find the pages that have become full. */
export function publishPages(pool: PagePool, sequence: Sequence): void {
  const { row, pages } = sequence;
  const { pageSize } = pool;
  while ((sequence.published + 1) * pageSize <= sequence.past) {
    const i = sequence.published++;
    pool.publish(pages[i], rootOf(sequence), pages[i - 1], row.ids.slice(i * pageSize, (i + 1) * pageSize));
  }
}
