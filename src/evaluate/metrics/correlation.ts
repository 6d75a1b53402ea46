/** How two lists of numbers go together: Pearson's r, Spearman's ρ (Pearson's of the ranks) and Kendall's τ-b. */
import { requireAsMany } from './bleu.ts';

/** NaN where one of the lists is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number {
  requireAsMany(x, y);
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (const i of x.keys()) {
    const [a, b] = [x[i] - meanX, y[i] - meanY];
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return xy / Math.sqrt(xx * yy);
}

export const spearman = (x: readonly number[], y: readonly number[]): number => pearson(ranks(x), ranks(y));

/** With correction for ties in either list (τ-b). */
export function kendall(x: readonly number[], y: readonly number[]): number {
  requireAsMany(x, y);
  let [agreement, inX, inY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [Math.sign(x[i] - x[j]), Math.sign(y[i] - y[j])];
      agreement += a * b;
      inX += Math.abs(a);
      inY += Math.abs(b);
    }
  }
  return agreement / Math.sqrt(inX * inY);
}

/** From 1; equal numbers share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const result = new Array<number>(values.length);
  for (let begin = 0; begin < order.length; ) {
    let end = begin + 1;
    while (end < order.length && values[order[end]] === values[order[begin]]) end++;
    for (let i = begin; i < end; i++) result[order[i]] = (begin + 1 + end) / 2;
    begin = end;
  }
  return result;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
