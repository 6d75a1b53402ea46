import { describe, expect, it } from 'vitest';
import { createModel } from '../../../src/models/auto.ts';
import { autocast, noGrad, randn, scope, type Tensor, tensor, withSeed } from '../../../src/torch/index.ts';
import { hasProducts } from '../../../src/torch/products.ts';
import { hiddenMatrix, muon, orthogonalize } from '../../../src/train/optimizers/muon.ts';

/** Squared singular values, as the eigenvalues of the Gram matrix by power iteration on what is left. */
function largestSingularValue(matrix: Tensor): number {
  let v = tensor(Array.from({ length: matrix.size(1) }, (_, i) => [Math.sin(i + 1)]));
  for (let i = 0; i < 50; i++) {
    v = matrix.t().matmul(matrix.matmul(v));
    v = v.div(v.vectorNorm());
  }
  return matrix.matmul(v).vectorNorm().item();
}

const frobenius = (matrix: Tensor): number => matrix.vectorNorm().item();

describe('orthogonalize', () => {
  for (const [rows, columns] of [
    [16, 16],
    [48, 16],
    [8, 40],
  ]) {
    it(`brings the singular values of a ${rows} × ${columns} matrix near one`, () =>
      scope(() => {
        const [matrix] = withSeed(3, () => orthogonalize(randn([1, rows, columns]))).unbind();
        const rank = Math.min(rows, columns);
        expect(largestSingularValue(matrix)).toBeLessThan(1.3);
        // All of them near one: the root of their mean square is the Frobenius norm over √rank.
        expect(frobenius(matrix) / Math.sqrt(rank)).toBeGreaterThan(0.7);
      }));
  }

  it("is the same in bfloat16 but for rounding, by the processor's products or libtorch's", () =>
    scope(() => {
      for (const shape of [
        [2, 64, 64],
        [1, 192, 64],
        [3, 32, 128],
      ]) {
        const matrices = withSeed(6, () => randn(shape));
        const exact = orthogonalize(matrices);
        const rounded = autocast('bfloat16', () => orthogonalize(matrices));
        expect(rounded.dtype).toBe('float32');
        // Sums of ours are in float32; libtorch's may be rounded at each term, as on processors without instructions for bfloat16.
        // Small singular values are raised by what is rounded as well; as a whole the matrices point the same way.
        expect(exact.mul(rounded).sum().item() / frobenius(exact) / frobenius(rounded)).toBeGreaterThan(
          hasProducts() ? 0.995 : 0.95,
        );
        expect(frobenius(exact.sub(rounded)) / frobenius(exact)).toBeGreaterThan(0);
      }
    }));

  it('does not depend on the size of its argument', () =>
    scope(() => {
      const matrix = withSeed(4, () => randn([1, 8, 8]));
      const difference = orthogonalize(matrix)
        .sub(orthogonalize(matrix.mul(1000)))
        .abs()
        .amax()
        .item();
      expect(difference).toBeLessThan(1e-3);
    }));
});

describe('hiddenMatrix', () => {
  const taken = (family: string, architecture?: string): string[] => {
    const own = { layers: 1, hidden: 32, heads: 2, context: 32, vocabSize: 40 };
    using model = createModel(family, own, { seed: 1, architecture });
    return [...model.namedParameters()]
      .filter(([name, parameter]) => hiddenMatrix(name, parameter) > 0 && !/\.layers\.0\./.test(name))
      .map(([name]) => name);
  };

  it('takes maps between hidden states outside the layers, and no table and no scores', () => {
    expect(taken('albert', 'AlbertForPreTraining')).toEqual([
      'backbone.embeddings.projection.weight',
      'backbone.pooler.weight',
      'head.predictions.transform.weight',
    ]);
    expect(taken('electra', 'ElectraForPreTraining')).toEqual(['head.dense.weight']);
    expect(taken('modernbert', 'ModernBertForMaskedLM')).toEqual(['head.transform.weight']);
    for (const family of ['gpt2', 'llama', 'xlnet', 't5', 'bart', 'vit']) expect(taken(family), family).toEqual([]);
  });
});

describe('muon', () => {
  const sizes = { layers: 1, hidden: 16, heads: 2, context: 8, vocabSize: 11 };

  it('moves hidden matrices by updates of equal size whatever the gradient, and the rest by AdamW', () => {
    const model = createModel('gpt2', sizes, { seed: 1 });
    scope(() => {
      const named = [...model.namedParameters()];
      const before = new Map(named.map(([name, parameter]) => [name, parameter.detach().clone()]));
      withSeed(5, () => {
        for (const [, parameter] of named) parameter.grad = randn(parameter.shape).mul(1e-4);
      });
      const optimizer = muon(named, { weightDecay: 0 });
      optimizer.step(0.01);
      const moved = (name: string): number => {
        const parameter = new Map(named).get(name)!;
        return noGrad(() => frobenius(parameter.detach().sub(before.get(name)!)) / Math.sqrt(parameter.numel));
      };
      // 0.2 · lr is the root mean square of an update, up to the spread of the singular values.
      for (const name of ['attention.qkv.weight', 'feedForward.input.weight'].map(
        path => `backbone.stack.layers.0.${path}`,
      )) {
        expect(moved(name)).toBeGreaterThan(0.7 * 0.2 * 0.01);
        expect(moved(name)).toBeLessThan(1.3 * 0.2 * 0.01);
      }
      // AdamW's first step is lr in every element.
      expect(moved('backbone.embeddings.word.weight')).toBeCloseTo(0.01, 4);
      optimizer.dispose();
    });
    model.dispose();
  });

  it('is the same as one operator and step by step, but for rounding', () => {
    const moved = (region: <T>(body: () => T) => T): Map<string, number[]> => {
      const model = createModel('gpt2', { ...sizes, hidden: 48, heads: 3 }, { seed: 2 });
      const result = scope(() => {
        const named = [...model.namedParameters()];
        const before = new Map(named.map(([name, parameter]) => [name, parameter.detach().clone()]));
        const optimizer = muon(named, { weightDecay: 0.1 });
        withSeed(7, () => {
          for (let step = 0; step < 3; step++) {
            for (const [, parameter] of named) parameter.grad = randn(parameter.shape);
            region(() => optimizer.step(0.01, 0.5));
          }
        });
        optimizer.dispose();
        return new Map(
          named.map(([name, parameter]) => [
            name,
            noGrad(() => parameter.detach().sub(before.get(name)!).flatten().toNumbers()),
          ]),
        );
      });
      model.dispose();
      return result;
    };
    const exact = moved(body => body());
    const rounded = moved(body => autocast('bfloat16', body));
    for (const [name, own] of exact) {
      const other = rounded.get(name)!;
      const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
      expect(dot(own, other) / Math.sqrt(dot(own, own) * dot(other, other)), name).toBeGreaterThan(
        hasProducts() ? 0.99 : 0.95,
      );
    }
  });
});
