/** One binary prediction: the step that negative sampling and hierarchical softmax are made of. */

type Numbers = Float32Array | Float64Array;

/**
 * Predicts a label from σ(hidden · output), moves the output's row by −rate · ∂loss/∂output, and adds −rate · ∂loss/∂hidden
 * to `gradient`, which whoever calls applies after all predictions from the same hidden vector.
 *
 * @param hidden with the vector at `hiddenAt`
 * @param outputs with the row at `outputAt`
 * @param label 1 or 0
 * @returns the loss, −log σ(±hidden · output), before the move
 */
export function predict(
  hidden: Numbers,
  hiddenAt: number,
  outputs: Numbers,
  outputAt: number,
  dimension: number,
  label: number,
  rate: number,
  gradient: Float64Array,
): number {
  let score = 0;
  for (let i = 0; i < dimension; i++) score += hidden[hiddenAt + i] * outputs[outputAt + i];
  const size = Math.abs(score);
  const e = Math.exp(-size);
  const probability = score >= 0 ? 1 / (1 + e) : e / (1 + e);
  const move = rate * (label - probability);
  for (let i = 0; i < dimension; i++) {
    const output = outputs[outputAt + i];
    gradient[i] += move * output;
    outputs[outputAt + i] = output + move * hidden[hiddenAt + i];
  }
  return Math.log1p(e) + (score >= 0 === (label === 1) ? 0 : size);
}
