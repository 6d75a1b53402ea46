/**
 * Multinomial logistic regression on sparse rows, as scikit-learn's `LogisticRegression` defines it: the sum of the losses plus
 * ‖W‖² / 2C, biases free, minimised by L-BFGS (Liu & Nocedal 1989).
 */

/** A row: the features that are not 0, and what they are. */
export interface SparseRow {
  readonly features: Uint32Array;
  readonly values: Float64Array;
}

export interface LogisticRegressionOptions {
  /** Inverse strength of the penalty. Default 1. */
  c?: number;
  /** Default 200. */
  maxIterations?: number;
  /** Ends when no derivative is larger. Default 1e-4 a row. */
  tolerance?: number;
}

export interface LogisticRegression {
  /** The probability of each class. */
  probabilities(row: SparseRow): Float64Array;
  /** The most probable class. */
  predict(row: SparseRow): number;
}

/** @param labels of each row, from 0 to `classes` − 1 */
export function logisticRegression(
  rows: readonly SparseRow[],
  labels: ArrayLike<number>,
  { features, classes }: { features: number; classes: number },
  { c = 1, maxIterations = 200, tolerance = 1e-4 * rows.length }: LogisticRegressionOptions = {},
): LogisticRegression {
  // Weights of a class lie together, its bias last.
  const stride = features + 1;
  const scores = (weights: Float64Array, { features: found, values }: SparseRow): Float64Array =>
    Float64Array.from({ length: classes }, (_, k) => {
      let score = weights[k * stride + features];
      for (let i = 0; i < found.length; i++) score += weights[k * stride + found[i]] * values[i];
      return score;
    });
  const weights = minimise(
    classes * stride,
    (at, gradient) => {
      gradient.fill(0);
      let loss = 0;
      for (const [r, row] of rows.entries()) {
        const p = softmax(scores(at, row));
        loss -= c * Math.log(Math.max(p[labels[r]], 1e-300));
        for (let k = 0; k < classes; k++) {
          const slope = c * (p[k] - (labels[r] === k ? 1 : 0));
          for (let i = 0; i < row.features.length; i++) gradient[k * stride + row.features[i]] += slope * row.values[i];
          gradient[k * stride + features] += slope;
        }
      }
      for (let i = 0; i < at.length; i++) {
        if (i % stride === features) continue;
        loss += (at[i] * at[i]) / 2;
        gradient[i] += at[i];
      }
      return loss;
    },
    { maxIterations, tolerance },
  );
  const probabilities = (row: SparseRow): Float64Array => softmax(scores(weights, row));
  return {
    probabilities,
    predict(row) {
      const p = probabilities(row);
      return p.indexOf(Math.max(...p));
    },
  };
}

function softmax(scores: Float64Array): Float64Array {
  const most = Math.max(...scores);
  const p = scores.map(score => Math.exp(score - most));
  const sum = p.reduce((a, b) => a + b);
  return p.map(value => value / sum);
}

/** Steps whose curvature is remembered. */
const MEMORY = 10;

/** L-BFGS from 0, with backtracking until the loss falls as Armijo asks for. */
function minimise(
  length: number,
  evaluate: (at: Float64Array, gradient: Float64Array) => number,
  { maxIterations, tolerance }: { maxIterations: number; tolerance: number },
): Float64Array {
  let x = new Float64Array(length);
  let gradient = new Float64Array(length);
  let loss = evaluate(x, gradient);
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (gradient.every(value => Math.abs(value) <= tolerance)) break;
    const direction = lbfgsDirection(gradient, steps);
    const slope = dot(direction, gradient);
    let rate = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let next = x;
    const nextGradient = new Float64Array(length);
    let nextLoss = Number.POSITIVE_INFINITY;
    for (; rate > 1e-12; rate /= 2) {
      next = x.map((value, i) => value + rate * direction[i]);
      nextLoss = evaluate(next, nextGradient);
      if (nextLoss <= loss + 1e-4 * rate * slope) break;
    }
    if (!(nextLoss < loss)) break; // as exact as numbers are
    const s = next.map((value, i) => value - x[i]);
    const y = nextGradient.map((value, i) => value - gradient[i]);
    const curvature = dot(s, y);
    if (curvature > 1e-12) steps.push({ s, y, rho: 1 / curvature });
    if (steps.length > MEMORY) steps.shift();
    [x, gradient, loss] = [next, nextGradient, nextLoss];
  }
  return x;
}

function lbfgsDirection(
  gradient: Float64Array,
  steps: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.slice();
  const alphas = new Map<object, number>();
  for (const step of steps.toReversed()) {
    const alpha = step.rho * dot(step.s, q);
    alphas.set(step, alpha);
    for (let i = 0; i < q.length; i++) q[i] -= alpha * step.y[i];
  }
  const last = steps.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (const step of steps) {
    const beta = step.rho * dot(step.y, q);
    const alpha = alphas.get(step)!;
    for (let i = 0; i < q.length; i++) q[i] += step.s[i] * (alpha - beta);
  }
  return q.map(value => -value);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
