/** p-values of several tests, made larger so that errors are as rare as for one. */

/** Times their number: at most one false rejection in 1/α families. */
export const bonferroni = (p: readonly number[]): number[] => p.map(value => Math.min(1, value * p.length));

/** The same with more power (Holm 1979): the smallest times n, the next times n − 1, …; none smaller than one before it. */
export function holm(p: readonly number[]): number[] {
  const order = [...p.keys()].sort((a, b) => p[a] - p[b]);
  const adjusted = new Array<number>(p.length);
  let least = 0;
  for (const [rank, i] of order.entries()) {
    least = Math.max(least, Math.min(1, p[i] * (p.length - rank)));
    adjusted[i] = least;
  }
  return adjusted;
}

/** Keeps the share of false ones among the rejections (Benjamini & Hochberg 1995), of tests that are independent. */
export const benjaminiHochberg = (p: readonly number[]): number[] => stepUp(p, 1);

/** The same of tests that depend on each other (Benjamini & Yekutieli 2001). */
export const benjaminiYekutieli = (p: readonly number[]): number[] =>
  stepUp(
    p,
    p.reduce((sum, _, i) => sum + 1 / (i + 1), 0),
  );

function stepUp(p: readonly number[], factor: number): number[] {
  const order = [...p.keys()].sort((a, b) => p[b] - p[a]);
  const adjusted = new Array<number>(p.length);
  let most = 1;
  for (const [i, item] of order.entries()) {
    most = Math.min(most, (p[item] * p.length * factor) / (p.length - i));
    adjusted[item] = most;
  }
  return adjusted;
}
