/** How far numbers are from the true ones. */

const meanOver = (truth: readonly number[], of: (i: number) => number): number =>
  truth.reduce((sum, _, i) => sum + of(i), 0) / truth.length;

export const meanSquaredError = (truth: readonly number[], predicted: readonly number[]): number =>
  meanOver(truth, i => (truth[i] - predicted[i]) ** 2);

export const meanAbsoluteError = (truth: readonly number[], predicted: readonly number[]): number =>
  meanOver(truth, i => Math.abs(truth[i] - predicted[i]));

/** Share of the variance that is explained. */
export function rSquared(truth: readonly number[], predicted: readonly number[]): number {
  const mean = meanOver(truth, i => truth[i]);
  return 1 - meanSquaredError(truth, predicted) / meanOver(truth, i => (truth[i] - mean) ** 2);
}
