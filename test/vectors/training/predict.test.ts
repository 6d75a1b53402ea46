/** Gradients of the losses beside finite differences, in float64. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/support/random.ts';
import { gloveDifference, gloveWeight, trainPair } from '../../../src/vectors/training/glove.ts';
import type { GloveJob } from '../../../src/vectors/training/job.ts';
import { resolveVectorOptions } from '../../../src/vectors/training/options.ts';
import { predict } from '../../../src/vectors/training/predict.ts';

const DIMENSION = 5;
const random = createRandom(3);
const numbers = (length: number): Float64Array => Float64Array.from({ length }, () => 2 * random.next() - 1);

/** ∂loss/∂values by central differences. */
function differences(values: Float64Array, loss: () => number): number[] {
  const step = 1e-6;
  return Array.from(values, (value, i) => {
    values[i] = value + step;
    const above = loss();
    values[i] = value - step;
    const below = loss();
    values[i] = value;
    return (above - below) / (2 * step);
  });
}

describe('a prediction', () => {
  const labels = [1, 0, 0, 1];

  it.each([1, 4])('moves by the gradient of its loss (scores times %i)', size => {
    const hidden = numbers(DIMENSION).map(value => size * value);
    const outputs = numbers(labels.length * DIMENSION);
    const loss = (): number => {
      let sum = 0;
      for (const [row, label] of labels.entries()) {
        let score = 0;
        for (let i = 0; i < DIMENSION; i++) score += hidden[i] * outputs[row * DIMENSION + i];
        sum -= Math.log(1 / (1 + Math.exp(label === 1 ? -score : score)));
      }
      return sum;
    };
    const expected = [differences(hidden, loss), differences(outputs, loss)];
    const moved = Float64Array.from(outputs);
    const gradient = new Float64Array(DIMENSION);
    let total = 0;
    for (const [row, label] of labels.entries()) {
      total += predict(hidden, 0, moved, row * DIMENSION, DIMENSION, label, 0.5, gradient);
    }
    expect(total).toBeCloseTo(loss(), 12);
    for (const [i, slope] of expected[0].entries()) expect(gradient[i]).toBeCloseTo(-0.5 * slope, 7);
    for (const [i, slope] of expected[1].entries()) expect(moved[i] - outputs[i]).toBeCloseTo(-0.5 * slope, 7);
  });

  it('has a finite loss however sure it is and wrong', () => {
    const [hidden, outputs] = [Float64Array.of(1000), Float64Array.of(-1000)];
    expect(predict(hidden, 0, outputs, 0, 1, 1, 0, new Float64Array(1))).toBe(1e6);
    expect(predict(hidden, 0, outputs, 0, 1, 0, 0, new Float64Array(1))).toBe(0);
  });
});

describe("GloVe's loss", () => {
  it.each([3, 250])('has the gradient that AdaGrad takes, for a count of %i', count => {
    const [vectors, contexts] = [numbers(DIMENSION + 1), numbers(DIMENSION + 1)];
    const loss = (): number =>
      0.5 * gloveWeight(count, 100, 0.75) * gloveDifference(vectors, 0, contexts, 0, DIMENSION, count) ** 2;
    const [expected, expectedContext] = [differences(vectors, loss), differences(contexts, loss)];
    const squares = (): Float64Array => new Float64Array(DIMENSION + 1).fill(1);
    const job = {
      vectors: Float64Array.from(vectors),
      contexts: Float64Array.from(contexts),
      vectorSquares: squares(),
      contextSquares: squares(),
      options: resolveVectorOptions({ method: 'glove', dimension: DIMENSION, rate: 0.1 }),
    };
    expect(trainPair(job as unknown as GloveJob, 0, 0, count)).toBeCloseTo(loss(), 12);
    for (const [i, slope] of expected.entries()) {
      expect(job.vectors[i] - vectors[i]).toBeCloseTo(-0.1 * slope, 7);
      expect(job.vectorSquares[i]).toBeCloseTo(1 + slope * slope, 6);
    }
    for (const [i, slope] of expectedContext.entries()) {
      expect(job.contexts[i] - contexts[i]).toBeCloseTo(-0.1 * slope, 7);
    }
  });
});
