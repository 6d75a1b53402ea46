/** What is best when several things count: points that no other one beats in all of them. */

export type Direction = 'min' | 'max';

/** No worse in anything, and better in something. */
function dominates(a: readonly number[], b: readonly number[], directions: readonly Direction[]): boolean {
  const gain = (i: number): number => (directions[i] === 'min' ? b[i] - a[i] : a[i] - b[i]);
  const gains = directions.map((_, i) => gain(i));
  return gains.every(value => value >= 0) && gains.some(value => value > 0);
}

/** 0 for the front, 1 for the front of the rest, and so on. */
export function paretoRanks(points: readonly (readonly number[])[], directions: readonly Direction[]): number[] {
  const ranks = new Array<number>(points.length).fill(-1);
  for (let rank = 0, left = [...points.keys()]; left.length > 0; rank++) {
    const front = left.filter(i => !left.some(other => dominates(points[other], points[i], directions)));
    for (const i of front) ranks[i] = rank;
    left = left.filter(i => ranks[i] < 0);
  }
  return ranks;
}

export const paretoFront = (points: readonly (readonly number[])[], directions: readonly Direction[]): number[] =>
  [...points.keys()].filter(i => !points.some(other => dominates(other, points[i], directions)));

/** Area between a front of two measures that are to be small and a reference point. */
export function hypervolume2d(points: readonly (readonly number[])[], [x, y]: readonly [number, number]): number {
  const inside = points.filter(([a, b]) => a < x && b < y).sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  let [area, low] = [0, y];
  for (const [a, b] of inside) {
    if (b >= low) continue;
    area += (x - a) * (low - b);
    low = b;
  }
  return area;
}
