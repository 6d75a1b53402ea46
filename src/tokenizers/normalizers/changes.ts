/** How characters of a changed text stand for those of the text before, as the native library counts it. */
import type { AlignedTextBuilder } from '../aligned-text.ts';

/**
 * A character of the changed text: 0 where it replaces one of the text, 1 where it is new beside the one before, -n where
 * it replaces one and n that follow it.
 */
export interface Change {
  char: string;
  change: number;
}

/**
 * Appends changed `text`, which begins at `start` of the builder's source. New characters stand where the one before
 * stood; one that replaces several stands where the first of them stood.
 */
export function alignChanges(
  builder: AlignedTextBuilder,
  text: string,
  start: number,
  changes: readonly Change[],
): void {
  const ends: number[] = [start];
  for (const char of text) ends.push(ends.at(-1)! + char.length);
  let at = 0;
  for (const { char, change } of changes) {
    const source = change > 0 ? Math.max(0, at - 1) : at;
    builder.put(char, ends[source], ends[source + 1]);
    if (change <= 0) at += 1 - change;
  }
}
