import { describe, expect, it } from 'vitest';
import { orthogonalFeatures, performerAttention } from '../../../src/nn/sparse/index.ts';
import { cat, inferenceMode, ones, randn, scope, type Tensor, tensor, withSeed } from '../../../src/torch/index.ts';
import { itLong } from '../../helpers/long.ts';
import { expectClose } from '../../torch/helpers.ts';
import { expectLinearMemory, gradients, normal, weighted } from './helpers.ts';

const [batch, heads, dim] = [2, 3, 4];

/** φ(x) by its definition, [..., features]. */
function phi(x: Tensor, projection: Tensor): Tensor {
  const half = x.square().sum([-1], { keepdim: true }).div(2);
  return x.matmul(projection.transpose(0, 1)).sub(half).exp();
}

/** All products of features as a matrix, and a mask over it. */
function naive(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: { projection: Tensor; scale?: number; causal?: boolean; attentionMask?: Tensor },
): Tensor {
  const { projection, scale = 1 / Math.sqrt(query.size(-1)), causal, attentionMask } = options;
  const [queries, keys] = [query.size(2), key.size(2)];
  const [q, k] = [query, key].map(x => phi(x.mul(Math.sqrt(scale)), projection.to(query.dtype)));
  let weights = q.matmul(k.transpose(-1, -2));
  if (causal) weights = weights.tril({ diagonal: keys - queries });
  if (attentionMask) weights = weights.mul(attentionMask.view([-1, 1, 1, keys]));
  return weights.matmul(value).div(weights.sum([-1], { keepdim: true }));
}

/** Row 0 whole, row 1 starting with padding that no query stands at. */
const leftPadding = (time: number, padding: number): Tensor =>
  tensor(
    [0, padding].map(first => Array.from({ length: time }, (_, i) => Number(i >= first))),
    { dtype: 'int64' },
  );

const options = { projection: orthogonalFeatures(12, dim, 3) };

describe('performerAttention', () => {
  it.each([1, 5, 128, 129, 300])('%i positions: as the matrix of all products of features', time => {
    scope(() => {
      const [query, key, value] = normal([batch, heads, time, dim], 3);
      for (const causal of [false, true]) {
        for (const scale of [undefined, 0.2]) {
          const all = { ...options, causal, scale };
          expectClose(performerAttention(query, key, value, all), naive(query, key, value, all), { atol: 1e-11 });
        }
      }
    });
  });

  it.each([
    [1, 1],
    [1, 200],
    [7, 12],
    [130, 300],
  ])('%i queries that are the last of %i positions', (queries, keys) => {
    scope(() => {
      const [all, key, value] = normal([batch, heads, keys, dim], 3);
      const query = all.narrow(2, keys - queries, queries);
      const causal = { ...options, causal: true, attentionMask: leftPadding(keys, keys - queries) };
      expectClose(performerAttention(query, key, value, causal), naive(query, key, value, causal), { atol: 1e-11 });
      const whole = performerAttention(all, key, value, causal).narrow(2, keys - queries, queries);
      expectClose(performerAttention(query, key, value, causal), whole, { atol: 1e-11 });
    });
  });

  it.each([false, true])('has the gradients of all products (causal: %s)', causal => {
    scope(() => {
      const inputs = normal([batch, heads, 140, dim], 3);
      const all = { ...options, causal, attentionMask: causal ? undefined : leftPadding(140, 9) };
      const [ours, theirs] = [performerAttention, naive].map(attend =>
        gradients((q, k, v) => attend(q, k, v, all), inputs),
      );
      for (const [i, gradient] of ours.entries()) expectClose(gradient!, theirs[i]!, { atol: 1e-10 });
    });
  });

  it.each([false, true])('does not see padding (causal: %s)', causal => {
    scope(() => {
      const [query, key, value] = normal([1, heads, 20, dim], 3);
      const [noise] = normal([1, heads, 5, dim], 1, 7);
      const padded = (x: Tensor): Tensor => cat([noise.mul(50), x], 2);
      const attentionMask = tensor([Array.from({ length: 25 }, (_, i) => Number(i >= 5))], { dtype: 'int64' });
      const masked = performerAttention(padded(query), padded(key), padded(value), {
        ...options,
        causal,
        attentionMask,
      });
      const alone = performerAttention(query, key, value, { ...options, causal });
      expectClose(masked.narrow(2, 5, 20), alone, { atol: 1e-12 });
    });
  });

  it('stays finite for a text of padding alone, and so do gradients', () => {
    scope(() => {
      const attentionMask = tensor([Array(9).fill(1), Array(9).fill(0)], { dtype: 'int64' });
      for (const causal of [false, true]) {
        const attend = (...[q, k, v]: Tensor[]): Tensor =>
          performerAttention(q, k, v, { ...options, causal, attentionMask });
        const inputs = normal([2, heads, 9, dim], 3);
        expect(
          attend(...inputs)
            .isfinite()
            .all()
            .item(),
        ).toBe(1);
        for (const gradient of gradients(attend, inputs)) expect(gradient!.isfinite().all().item()).toBe(1);
      }
    });
  });

  it('neither overflows nor underflows in float32 where the features alone would', () => {
    scope(() => {
      const [query, key, value] = normal([1, 1, 60, dim], 3);
      const all = { ...options, scale: 40 };
      const exact = naive(query, key, value, all);
      const single = performerAttention(query.to('float32'), key.to('float32'), value.to('float32'), all);
      expect(
        phi(query.to('float32').mul(Math.sqrt(40)), options.projection)
          .amin()
          .item(),
      ).toBe(0);
      expectClose(single.to('float64'), exact, { atol: 1e-3, rtol: 1e-3 });
    });
  });

  it('in bfloat16 is near float32', () => {
    scope(() => {
      const inputs = normal([batch, heads, 150, dim], 3).map(x => x.to('bfloat16'));
      const [half, whole] = [inputs, inputs.map(x => x.to('float32'))].map(([q, k, v]) =>
        performerAttention(q, k, v, { ...options, causal: true }),
      );
      expect(half.dtype).toBe('bfloat16');
      expectClose(half.to('float32'), whole, { atol: 0.01, rtol: 0.01 });
    });
  });

  it.each([false, true])('takes memory that grows with time (causal: %s)', causal => {
    const projection = orthogonalFeatures(32, 16, 1);
    expectLinearMemory((...[q, k, v]) => performerAttention(q, k, v, { projection, causal }));
  });

  it('refuses features of another dimension, and queries before the first key', () => {
    inferenceMode(() =>
      scope(() => {
        const [query, key, value] = normal([1, 1, 4, dim], 3);
        const projection = orthogonalFeatures(8, 5, 1);
        expect(() => performerAttention(query, key, value, { projection })).toThrow('features float32[8, 5]');
        const early = { ...options, causal: true };
        expect(() => performerAttention(query, key.narrow(2, 0, 3), value.narrow(2, 0, 3), early)).toThrow(
          'keys float64[1, 1, 3, 4]',
        );
      }),
    );
  });
});

describe('the estimate of softmax attention', () => {
  // One product of features has the relative variance exp(|q + k|²) − 1: 1/√m shows where that is moderate.
  const width = 16;
  const [query, key, value] = withSeed(1, () =>
    [0, 1, 2].map(() => randn([1, 1, 64, width], { dtype: 'float64' }).mul(0.3)),
  );
  const exact = weighted(query, key, value, ones([1]), 1 / Math.sqrt(width));
  const iid = (features: number, seed: number): Tensor => withSeed(seed, () => randn([features, width]));
  const orthogonal = (features: number, seed: number): Tensor => orthogonalFeatures(features, width, seed);
  const seeds = Array.from({ length: 40 }, (_, i) => i + 1);

  /** Root mean square error over 40 draws of the features. */
  const error = (features: number, draw: typeof iid): number =>
    scope(() => {
      const squares = seeds.map(seed => {
        const estimate = performerAttention(query, key, value, { projection: draw(features, seed) });
        return estimate.sub(exact).square().mean().item();
      });
      return Math.sqrt(squares.reduce((a, b) => a + b) / squares.length);
    });

  itLong('errs by about 1/√m with m features', () => {
    const sizes = [64, 128, 256, 512, 1024];
    const points = sizes.map(m => [Math.log(m), Math.log(error(m, orthogonal))]);
    const [x, y] = [0, 1].map(i => points.reduce((sum, point) => sum + point[i], 0) / points.length);
    const slope =
      points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
    expect(slope).toBeGreaterThan(-0.6);
    expect(slope).toBeLessThan(-0.4);
  });

  it('errs less with orthogonal directions than with independent ones', () => {
    for (const m of [16, 64, 256]) expect(error(m, orthogonal), `${m} features`).toBeLessThan(error(m, iid));
  });

  it('is of a kernel without bias: the mean of φ(q)·φ(k) is exp(q·k)', () => {
    scope(() => {
      const [q, k] = [query, key].map(x => x.select(0, 0).select(0, 0).narrow(0, 0, 8).mul(0.5));
      const projection = cat(
        Array.from({ length: 200 }, (_, seed) => orthogonal(256, seed)),
        0,
      ).to('float64');
      const mean = phi(q, projection).matmul(phi(k, projection).transpose(0, 1)).div(projection.size(0));
      expectClose(mean, q.matmul(k.transpose(0, 1)).exp(), { rtol: 0.02 });
    });
  });
});

describe('orthogonalFeatures', () => {
  it('is orthogonal within groups of dim directions, whose lengths are those of normal vectors', () => {
    scope(() => {
      const features = orthogonalFeatures(70, 32, 1);
      expect(features.shape).toEqual([70, 32]);
      const products = features.matmul(features.transpose(0, 1)).toArray() as number[][];
      const group = (i: number): number => Math.floor(i / 32);
      for (const [i, row] of products.entries()) {
        for (const [j, product] of row.entries()) {
          if (i !== j && group(i) === group(j)) expect(Math.abs(product)).toBeLessThan(1e-4);
        }
      }
      const many = orthogonalFeatures(6400, 32, 2);
      const squares = many.square().sum([1]); // χ² with 32 degrees of freedom: mean 32, variance 64
      expect(Math.abs(squares.mean().item() - 32)).toBeLessThan(0.5);
      expect(Math.abs(squares.sub(32).square().mean().item() - 64)).toBeLessThan(8);
      expect(many.mean().item()).toBeCloseTo(0, 1);
      expectClose(many.square().mean([0]), ones([32]), { atol: 0.1 });
    });
  });

  it('follows from its seed', () => {
    const draw = (seed: number): number[] => scope(() => orthogonalFeatures(5, 4, seed).toNumbers());
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});
