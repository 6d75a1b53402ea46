/**
 * A long text in windows that score each token once, as lm-evaluation-harness makes them: each sees at least `context` tokens
 * before, the first one the prefix token, and the last one is filled up with earlier tokens.
 */

export interface RollingWindow {
  /** What is read before the first scored token. */
  context: number[];
  scored: number[];
}

/** @param context tokens that a full window shares with the one before it, at least 1 */
export function rollingWindows(ids: readonly number[], prefix: number, size: number, context = 1): RollingWindow[] {
  if (ids.length === 0) return [];
  const first = Math.min(size, ids.length);
  const windows: RollingWindow[] = [{ context: [prefix], scored: ids.slice(0, first) }];
  const step = size - context + 1;
  for (let done = first; done < ids.length; ) {
    const end = Math.min(ids.length, done + step);
    const begin = end - size - 1;
    windows.push({ context: ids.slice(begin, done), scored: ids.slice(done, end) });
    done = end;
  }
  return windows;
}
