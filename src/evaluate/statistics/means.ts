/** Means and their standard errors. */

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** With n − 1. */
export function sampleDeviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** Standard error of the mean. */
export const meanError = (values: readonly number[]): number => sampleDeviation(values) / Math.sqrt(values.length);

/** Standard error of a mean over all items of several groups, from those of the groups (pooled variance). */
export function pooledError(errors: readonly number[], sizes: readonly number[]): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const pooled = errors.reduce((sum, error, i) => sum + (sizes[i] - 1) * error ** 2 * sizes[i], 0);
  return Math.sqrt(pooled / (total - sizes.length) / total);
}

/** Standard error of the mean of independent means. */
export const unweightedError = (errors: readonly number[]): number =>
  Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0)) / errors.length;
