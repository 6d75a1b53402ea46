import { describe, expect, it } from 'vitest';
import { logisticRegression, type SparseRow } from '../../../src/evaluate/baselines/logistic-regression.ts';
import { readJson } from '../../../src/support/files.ts';

interface Golden {
  rows: number[][];
  labels: number[];
  probabilities: Record<string, number[][]>;
}

const golden = readJson('test/fixtures/logistic-regression.json') as Golden;

const sparse = (row: readonly number[]): SparseRow => {
  const features = row.flatMap((value, i) => (value === 0 ? [] : [i]));
  return { features: Uint32Array.from(features), values: Float64Array.from(features, i => row[i]) };
};

describe('logistic regression', () => {
  it.each(Object.keys(golden.probabilities))('finds the minimum that PyTorch finds, c = %s', c => {
    const rows = golden.rows.map(sparse);
    const options = { c: Number(c), tolerance: 1e-9, maxIterations: 1000 };
    const model = logisticRegression(rows, golden.labels, { features: 6, classes: 3 }, options);
    for (const [i, row] of rows.entries()) {
      const expected = golden.probabilities[c][i];
      for (const [k, p] of model.probabilities(row).entries()) expect(p).toBeCloseTo(expected[k], 6);
      expect(model.predict(row)).toBe(expected.indexOf(Math.max(...expected)));
    }
  });

  it('predicts the share of each class where no feature says anything', () => {
    const empty = sparse([]);
    const labels = [0, 0, 0, 1];
    const options = { tolerance: 1e-9 };
    const model = logisticRegression(
      labels.map(() => empty),
      labels,
      { features: 1, classes: 2 },
      options,
    );
    expect(model.probabilities(empty)[0]).toBeCloseTo(0.75, 6);
  });
});
