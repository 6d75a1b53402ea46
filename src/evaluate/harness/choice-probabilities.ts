/** From log-probabilities of choices to their shares. */

export function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const exps = logits.map(value => Math.exp(value - most));
  const total = exps.reduce((sum, value) => sum + value, 0);
  return exps.map(value => value / total);
}
