/** Texts as metrics cut them: at Python's white space, and into runs of n. */

/** What Python's `str.split()` splits at; JavaScript's `\s` has U+FEFF in place of U+001C to U+001F and U+0085. */
const WHITE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Words between white space, none of them empty. */
export const wordsOf = (text: string): string[] => text.split(WHITE_SPACE).filter(word => word !== '');

/** Python's `str.strip()`. */
export const strip = (text: string): string => stripEnd(text).replace(new RegExp(`^${WHITE_SPACE.source}`, 'u'), '');

/** Python's `str.rstrip()`. */
export const stripEnd = (text: string): string => text.replace(new RegExp(`${WHITE_SPACE.source}$`, 'u'), '');

/** Python's `string.punctuation`. */
export const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** How often each run of `n` parts occurs. The parts hold no U+0000. */
export function countNgrams(parts: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= parts.length; i++) {
    const ngram = n === 1 ? parts[i] : parts.slice(i, i + n).join('\0');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** Runs that two counts share, each as often as the one that has fewer. */
export function countShared(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [ngram, count] of a) shared += Math.min(count, b.get(ngram) ?? 0);
  return shared;
}

export const total = (counts: ReadonlyMap<string, number>): number => {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
};
