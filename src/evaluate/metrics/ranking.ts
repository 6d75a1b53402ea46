/** How early a search lists what was looked for. */

/** @param relevant 1 or 0 of each listed item, in order; @returns 1 / the place of the first relevant one, 0 without any */
export function reciprocalRank(relevant: readonly number[]): number {
  const place = relevant.findIndex(value => value > 0);
  return place < 0 ? 0 : 1 / (place + 1);
}

/** Mean reciprocal rank over searches. */
export const mrr = (searches: readonly (readonly number[])[]): number =>
  searches.reduce((sum, relevant) => sum + reciprocalRank(relevant), 0) / searches.length;

/**
 * Normalized discounted cumulative gain (Järvelin & Kekäläinen 2002): gains divided by log₂ of the place and one, by what the best
 * order would give.
 *
 * @param gains of the listed items, in order
 * @param k only the first k
 */
export function ndcg(gains: readonly number[], k = gains.length): number {
  const discounted = (list: readonly number[]): number =>
    list.slice(0, k).reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
  const best = discounted([...gains].sort((a, b) => b - a));
  return best === 0 ? 0 : discounted(gains) / best;
}

/** Share of what is relevant among the first k. */
export function recallAt(
  k: number,
  relevant: readonly number[],
  total = relevant.filter(value => value > 0).length,
): number {
  return total === 0 ? 0 : relevant.slice(0, k).filter(value => value > 0).length / total;
}
