/** Sets of Unicode scalar values: code points without surrogates, which UTF-8 cannot write. */

/** Ranges `[low, high, low, high, …]`, ascending, disjoint, not adjacent. */
export type CodePoints = readonly number[];

export const LAST_CODE_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/** The set of any ranges: sorted, merged, without surrogates. */
export function codePoints(ranges: readonly (readonly [low: number, high: number])[]): CodePoints {
  const scalar = ranges.flatMap(([low, high]): [number, number][] => [
    [low, Math.min(high, FIRST_SURROGATE - 1)],
    [Math.max(low, LAST_SURROGATE + 1), high],
  ]);
  const sorted = scalar.filter(([low, high]) => low <= high).sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [low, high] of sorted) {
    const last = merged.length - 1;
    if (last > 0 && low <= merged[last] + 1) merged[last] = Math.max(merged[last], high);
    else merged.push(low, high);
  }
  return merged;
}

export const ANY: CodePoints = codePoints([[0, LAST_CODE_POINT]]);

export const pairs = (set: CodePoints): [low: number, high: number][] =>
  Array.from({ length: set.length / 2 }, (_, i) => [set[2 * i], set[2 * i + 1]]);

export const union = (...sets: CodePoints[]): CodePoints => codePoints(sets.flatMap(pairs));

export function complement(set: CodePoints): CodePoints {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [low, high] of pairs(set)) {
    gaps.push([next, low - 1]);
    next = high + 1;
  }
  gaps.push([next, LAST_CODE_POINT]);
  return codePoints(gaps);
}

export const without = (set: CodePoints, excluded: CodePoints): CodePoints =>
  complement(union(complement(set), excluded));

export const intersection = (a: CodePoints, b: CodePoints): CodePoints =>
  complement(union(complement(a), complement(b)));

/** The set of a text's characters. */
export const charactersOf = (text: string): CodePoints =>
  codePoints([...text].map(char => [char.codePointAt(0)!, char.codePointAt(0)!]));
