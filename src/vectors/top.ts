/** The best of a list of scores. */

export interface Scored {
  word: string;
  score: number;
}

/** The words with the largest scores, best first, without those of some rows; of equal scores the earlier row is first. */
export function topOf(
  words: readonly string[],
  scores: ArrayLike<number>,
  top: number,
  exclude: readonly number[] = [],
): Scored[] {
  const best: number[] = [];
  for (let row = 0; row < scores.length; row++) {
    if (best.length === top && scores[row] <= scores[best[top - 1]]) continue;
    if (exclude.includes(row)) continue;
    let place = best.length;
    while (place > 0 && scores[best[place - 1]] < scores[row]) place--;
    best.splice(place, 0, row);
    if (best.length > top) best.pop();
  }
  return best.map(row => ({ word: words[row], score: scores[row] }));
}
