/**
 * ADWIN2 (Bifet & Gavaldà 2007): a window over a stream of numbers that is cut where its two parts no longer have the same mean. Kept
 * as an exponential histogram, so that it costs O(log n).
 */

export interface Adwin {
  /** @returns whether the window was cut: the stream is not what it was */
  add(value: number): boolean;
  readonly mean: number;
  readonly length: number;
  /** Cuts so far. */
  readonly changes: number;
}

interface Bucket {
  count: number;
  sum: number;
  /** Σ (x − mean)². */
  squares: number;
}

/** Buckets of each size. */
const MOST = 5;
/** Numbers between two searches for a cut. */
const EVERY = 8;
const LEAST = 5;

/** @param delta how often it may cut a stream that does not change */
export function adwin(delta = 0.002): Adwin {
  /** Oldest first; sizes do not rise. */
  let buckets: Bucket[] = [];
  let seen = 0;
  let changes = 0;
  const joined = (a: Bucket, b: Bucket): Bucket => {
    const count = a.count + b.count;
    const gap = a.sum / a.count - b.sum / b.count;
    return { count, sum: a.sum + b.sum, squares: a.squares + b.squares + (gap ** 2 * a.count * b.count) / count };
  };
  const whole = (): Bucket | undefined => (buckets.length === 0 ? undefined : buckets.reduce(joined));

  function compress(): void {
    for (let size = 1; ; size *= 2) {
      const same = buckets.flatMap(({ count }, i) => (count === size ? [i] : []));
      if (same.length <= MOST) return;
      buckets.splice(same[0], 2, joined(buckets[same[0]], buckets[same[0] + 1]));
    }
  }

  function cut(): boolean {
    let isCut = false;
    for (let goesOn = true; goesOn && buckets.length > 1; ) {
      goesOn = false;
      const all = whole()!;
      const variance = all.squares / all.count;
      const confidence = Math.log((2 * Math.log(Math.max(2, all.count))) / delta);
      let before = buckets[0];
      for (let i = 1; i < buckets.length; i++) {
        const [n0, n1] = [before.count, all.count - before.count];
        if (n0 >= LEAST && n1 >= LEAST) {
          const m = 1 / (1 / (n0 - LEAST + 1) + 1 / (n1 - LEAST + 1));
          const bound = Math.sqrt((2 / m) * variance * confidence) + ((2 / 3) * confidence) / m;
          if (Math.abs(before.sum / n0 - (all.sum - before.sum) / n1) > bound) {
            buckets = buckets.slice(1);
            goesOn = true;
            isCut = true;
            break;
          }
        }
        before = joined(before, buckets[i]);
      }
    }
    if (isCut) changes++;
    return isCut;
  }

  return {
    add(value) {
      buckets.push({ count: 1, sum: value, squares: 0 });
      compress();
      return ++seen % EVERY === 0 && cut();
    },
    get mean() {
      const all = whole();
      return all ? all.sum / all.count : 0;
    },
    get length() {
      return whole()?.count ?? 0;
    },
    get changes() {
      return changes;
    },
  };
}
