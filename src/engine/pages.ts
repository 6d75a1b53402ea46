/**
 * Whose page is whose: pages of the key–value cache are taken, shared by texts with the same beginning, and given back. A full
 * page that nobody uses any more keeps what it holds until its room is needed, the least recently used one first
 * (Kwon et al. 2023; Zheng et al. 2024).
 */

export interface PagePool {
  readonly pageSize: number;
  /** Pages that can be taken now. */
  readonly available: number;
  readonly total: number;
  /** Pages for `count` more pages of a text; undefined, and nothing is taken, when there are not enough. */
  take(count: number): number[] | undefined;
  /** The full pages that hold how `ids` begins, now used once more. `root` keeps texts of different models apart. */
  share(root: string, ids: ArrayLike<number>): number[];
  /** Says that `page`, the next after `previous`, holds these tokens, for others to find. */
  publish(page: number, root: string, previous: number | undefined, ids: readonly number[]): void;
  /** Gives back one use of each. */
  release(pages: readonly number[]): void;
}

export function createPagePool(total: number, pageSize: number): PagePool {
  const uses = new Int32Array(total);
  /** What a page holds: itself and all before it. */
  const keys: (string | undefined)[] = new Array(total);
  const serials = new Float64Array(total);
  const byKey = new Map<string, number>();
  /** Pages without a use, in the order in which they lost it. */
  const idle = new Set<number>(Array.from({ length: total }, (_, page) => page));
  let nextSerial = 1;

  const keyOf = (root: string, previous: number | undefined, ids: ArrayLike<number>): string =>
    `${previous === undefined ? root : serials[previous]}:${Array.from(ids).join()}`;
  const use = (page: number): void => {
    if (uses[page]++ === 0) idle.delete(page);
  };

  return {
    pageSize,
    total,
    get available() {
      return idle.size;
    },
    take(count) {
      if (idle.size < count) return undefined;
      const pages = [...idle.values()].slice(0, count);
      for (const page of pages) {
        const key = keys[page];
        if (key !== undefined) byKey.delete(key);
        keys[page] = undefined;
        use(page);
      }
      return pages;
    },
    share(root, ids) {
      const pages: number[] = [];
      for (let first = 0; first + pageSize <= ids.length; first += pageSize) {
        const tokens = Array.prototype.slice.call(ids, first, first + pageSize) as number[];
        const page = byKey.get(keyOf(root, pages.at(-1), tokens));
        if (page === undefined) break;
        pages.push(page);
      }
      for (const page of pages) use(page);
      return pages;
    },
    publish(page, root, previous, ids) {
      const key = keyOf(root, previous, ids);
      // Another text may have written the same: what is found stays the first one.
      if (keys[page] !== undefined || byKey.has(key)) return;
      keys[page] = key;
      serials[page] = nextSerial++;
      byKey.set(key, page);
    },
    release(pages) {
      // The end of a text goes first: its beginning is what others may share.
      for (const page of pages.toReversed()) if (--uses[page] === 0) idle.add(page);
    },
  };
}
