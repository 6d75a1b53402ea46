/** How far probabilities are from what came out (Brier 1950), and their mean log-loss. */

/** @param probabilities of each item's labels; @returns Σ over labels of squared differences, mean over items */
export const brierScore = (probabilities: readonly (readonly number[])[], truth: readonly number[]): number =>
  probabilities.reduce(
    (sum, row, i) => sum + row.reduce((inner, p, label) => inner + (p - (label === truth[i] ? 1 : 0)) ** 2, 0),
    0,
  ) / probabilities.length;

/** @param probabilities that each item's label is 1 */
export const binaryBrier = (probabilities: readonly number[], truth: readonly number[]): number =>
  probabilities.reduce((sum, p, i) => sum + (p - truth[i]) ** 2, 0) / probabilities.length;

/** Mean −log of the probability of what came out, nats. */
export const logLoss = (probabilities: readonly (readonly number[])[], truth: readonly number[]): number =>
  -probabilities.reduce((sum, row, i) => sum + Math.log(row[truth[i]]), 0) / probabilities.length;
