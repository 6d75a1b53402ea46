/** k-means (Lloyd 1982) begun by k-means++ (Arthur & Vassilvitskii 2007). */
import { createRandom } from '../../support/random.ts';

/** The members of each cluster, the nearest to its centre first; larger clusters first. Empty ones are left out. */
export function kMeans(
  vectors: readonly ArrayLike<number>[],
  k: number,
  { seed = 0, rounds = 50 }: { seed?: number; rounds?: number } = {},
): number[][] {
  const random = createRandom(seed);
  const centres = [Array.from(vectors[random.below(vectors.length)])];
  while (centres.length < k) {
    const distances = vectors.map(vector => Math.min(...centres.map(centre => squared(vector, centre))));
    const total = distances.reduce((sum, distance) => sum + distance, 0);
    if (total === 0) break; // fewer different vectors than clusters
    let left = random.next() * total;
    const next = distances.findIndex(distance => {
      left -= distance;
      return left < 0;
    });
    centres.push(Array.from(vectors[next < 0 ? vectors.length - 1 : next]));
  }
  let of: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const assigned = vectors.map(vector => nearestTo(vector, centres));
    if (assigned.every((cluster, i) => cluster === of[i])) break;
    of = assigned;
    for (const [c, centre] of centres.entries()) {
      const own = vectors.filter((_, i) => of[i] === c);
      if (own.length === 0) continue;
      for (let d = 0; d < centre.length; d++) centre[d] = own.reduce((sum, vector) => sum + vector[d], 0) / own.length;
    }
  }
  return centres
    .map((centre, c) =>
      [...vectors.keys()]
        .filter(i => of[i] === c)
        .sort((a, b) => squared(vectors[a], centre) - squared(vectors[b], centre) || a - b),
    )
    .filter(members => members.length > 0)
    .sort((a, b) => b.length - a.length);
}

function squared(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

const nearestTo = (vector: ArrayLike<number>, centres: readonly ArrayLike<number>[]): number =>
  centres.reduce((best, centre, c) => (squared(vector, centre) < squared(vector, centres[best]) ? c : best), 0);
