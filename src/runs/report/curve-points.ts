/** A curve: steps and values of the same length, steps ascending. */
export interface Points {
  x: number[];
  y: number[];
}

/** Reduces a curve to about `limit` points and keeps every spike: the lowest and the highest of each stretch. */
export function thinOut({ x, y }: Points, limit = 1500): Points {
  if (x.length <= limit) return { x, y };
  const stretches = Math.floor(limit / 2);
  const kept: number[] = [];
  for (let s = 0; s < stretches; s++) {
    const start = Math.floor((s * x.length) / stretches);
    const end = Math.floor(((s + 1) * x.length) / stretches);
    let low = start;
    let high = start;
    for (let i = start; i < end; i++) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  return { x: kept.map(i => x[i]), y: kept.map(i => y[i]) };
}

/** The mean over `radius` points to either side; fewer, and as many on both sides, near the ends. */
export function smooth({ x, y }: Points, radius: number): Points {
  const sums = [0];
  for (const value of y) sums.push(sums[sums.length - 1] + value);
  const means = y.map((_, i) => {
    const reach = Math.min(radius, i, y.length - 1 - i);
    return (sums[i + reach + 1] - sums[i - reach]) / (2 * reach + 1);
  });
  return { x, y: means };
}

/** Curves over the union of their steps, null where a curve has no point: what uPlot draws. */
export function align(curves: readonly Points[]): { x: number[]; columns: (number | null)[][] } {
  const x = [...new Set(curves.flatMap(curve => curve.x))].sort((a, b) => a - b);
  const columns = curves.map(curve => {
    const values = new Map(curve.x.map((step, i) => [step, curve.y[i]]));
    return x.map(step => values.get(step) ?? null);
  });
  return { x, columns };
}
