import { describe, expect, it } from 'vitest';
import { type SlidingWindowOptions, slidingWindowAttention } from '../../../src/nn/sparse/index.ts';
import {
  arange,
  cat,
  dropout,
  inferenceMode,
  ones,
  scope,
  type Tensor,
  tensor,
  where,
  withSeed,
  zeros,
} from '../../../src/torch/index.ts';
import { expectClose } from '../../torch/helpers.ts';
import { expectLinearMemory, gradients, normal, weighted } from './helpers.ts';

const [batch, heads, dim] = [2, 3, 4];
const mask = (rows: number[][]): Tensor => tensor(rows, { dtype: 'int64' });

/** Row 0 whole, row 1 ending with padding; global tokens in both, more of them in row 0. */
function masks(time: number): { attentionMask: Tensor; globalMask: Tensor } {
  const real = Math.ceil(time * 0.7);
  const positions = Array.from({ length: time }, (_, i) => i);
  return {
    attentionMask: mask([positions.map(() => 1), positions.map(i => Number(i < real))]),
    globalMask: mask([
      positions.map(i => Number(i === 0 || i === 3 || i === time >> 1)),
      positions.map(i => Number(i === 1 || i === time - 1)),
    ]),
  };
}

/** The same with a matrix of all scores. */
function naive(query: Tensor, key: Tensor, value: Tensor, options: SlidingWindowOptions): Tensor {
  const time = query.size(2);
  const { window, scale = 1 / Math.sqrt(dim), globalQuery = query, globalKey = key, globalValue = value } = options;
  const real = (options.attentionMask ?? ones([batch, time], { dtype: 'int64' })).to('float64');
  const isGlobal = real.mul(options.globalMask ?? zeros([batch, time]));
  const at = arange(0, time);
  const near = at.sub(at.unsqueeze(1)).abs().le(window);
  const seen = near
    .logicalOr(isGlobal.ne(0).view([batch, 1, 1, time]))
    .to('float64')
    .mul(real.view([batch, 1, 1, time]));
  const local = weighted(query, key, value, seen, scale).mul(real.view([batch, 1, time, 1]));
  const global = weighted(globalQuery, globalKey, globalValue, real.view([batch, 1, 1, time]), scale);
  return where(isGlobal.ne(0).view([batch, 1, time, 1]), global, local);
}

const cases = [1, 2, 7, 64, 65, 131, ...(process.env.TSLM_LONG ? [600] : [])].flatMap(time =>
  [1, 3, 70, 300].map(window => [time, window]),
);

describe('slidingWindowAttention', () => {
  it.each(cases)('%i positions, %i on each side: as a mask over all scores', (time, window) => {
    scope(() => {
      const [query, key, value, globalQuery, globalKey, globalValue] = normal([batch, heads, time, dim], 6);
      const both = masks(time);
      for (const options of [
        { window },
        { window, scale: 0.3, attentionMask: both.attentionMask },
        { window, globalMask: both.globalMask },
        { window, ...both, globalQuery, globalKey, globalValue },
      ]) {
        const { context } = slidingWindowAttention(query, key, value, options);
        expectClose(context, naive(query, key, value, options), { atol: 1e-12 });
      }
    });
  });

  it.each([
    [9, 2],
    [150, 40],
    [70, 100],
  ])('has the gradients of a mask over all scores, %i positions, %i on each side', (time, window) => {
    scope(() => {
      const inputs = normal([batch, heads, time, dim], 6);
      const [ours, theirs] = [
        naive,
        (q: Tensor, k: Tensor, v: Tensor, o: SlidingWindowOptions): Tensor =>
          slidingWindowAttention(q, k, v, o).context,
      ].map(attend =>
        gradients(
          (q, k, v, globalQuery, globalKey, globalValue) =>
            attend(q, k, v, { window, ...masks(time), globalQuery, globalKey, globalValue }),
          inputs,
        ),
      );
      for (const [i, gradient] of ours.entries())
        expectClose(gradient!, theirs[i]!, { atol: 1e-11, name: `input ${i}` });
    });
  });

  it('gives probabilities by global token and by distance', () => {
    scope(() => {
      const [time, window] = [70, 3];
      const [query, key] = normal([batch, heads, time, dim], 2);
      const value = normal([batch, 1, time, time], 1)[0]
        .mul(0)
        .add(tensor([...Array(time).keys()]).eq(arange(0, time).unsqueeze(1)));
      const options = { window, ...masks(time), outputAttentions: true };
      const wide = value.expand([batch, heads, time, time]); // one-hot values: the context is the matrix of probabilities
      const { context, probabilities, globalProbabilities } = slidingWindowAttention(query, key, wide, options);
      expect(probabilities!.shape).toEqual([batch, heads, time, 3 + 2 * window + 1]);
      expect(globalProbabilities!.shape).toEqual([batch, heads, 3, time]);
      const rows = context.toArray() as number[][][][];
      const given = probabilities!.toArray() as number[][][][];
      const expected = rows.map((heads, b) =>
        heads.map(matrix =>
          matrix.map((row, i) => {
            const globals = [
              [0, 3, 35],
              [1, -1, -1],
            ][b];
            const padding = b === 1 && i >= 49;
            if (globals.includes(i) || padding) return Array(10).fill(0);
            const near = Array.from({ length: 7 }, (_, j) => i - window + j);
            return [...globals.map(g => row[g] ?? 0), ...near.map(j => (globals.includes(j) ? 0 : (row[j] ?? 0)))];
          }),
        ),
      );
      expectClose(tensor(given, { dtype: 'float64' }), tensor(expected, { dtype: 'float64' }), { atol: 1e-12 });
      for (const [i, at] of [0, 3, 35].entries()) {
        expectClose(globalProbabilities!.select(2, i).select(0, 0), context.select(2, at).select(0, 0), {
          atol: 1e-12,
        });
      }
      expect(globalProbabilities!.select(0, 1).narrow(1, 1, 2).abs().sum().item()).toBe(0);
    });
  });

  it('pads the distances that a short text does not have', () => {
    scope(() => {
      const [query, key, value] = normal([1, 1, 3, dim], 3);
      const { probabilities } = slidingWindowAttention(query, key, value, { window: 5, outputAttentions: true });
      expect(probabilities!.shape).toEqual([1, 1, 3, 11]);
      expectClose(probabilities!.sum([-1]), ones([1, 1, 3], { dtype: 'float64' }));
      expect(probabilities!.select(2, 0).narrow(-1, 0, 5).abs().sum().item()).toBe(0);
      expect(probabilities!.select(2, 0).narrow(-1, 8, 3).abs().sum().item()).toBe(0);
    });
  });

  it('gives 0 for a text of padding alone, and no gradient', () => {
    scope(() => {
      const attentionMask = mask([Array(9).fill(1), Array(9).fill(0)]);
      const globalMask = mask([[1, ...Array(8).fill(0)], Array(9).fill(1)]);
      const inputs = normal([2, heads, 9, dim], 3);
      const attend = (q: Tensor, k: Tensor, v: Tensor): Tensor =>
        slidingWindowAttention(q, k, v, { window: 2, attentionMask, globalMask }).context;
      expect(attend(inputs[0], inputs[1], inputs[2]).select(0, 1).abs().sum().item()).toBe(0);
      for (const gradient of gradients(attend as (...x: Tensor[]) => Tensor, inputs)) {
        expect(gradient!.isfinite().all().item()).toBe(1);
        expect(gradient!.select(0, 1).abs().sum().item()).toBe(0);
      }
    });
  });

  it('drops the probabilities of local and global attention', () => {
    scope(() => {
      const [query, key] = normal([batch, heads, 20, dim], 2);
      const value = ones([batch, heads, 20, dim], { dtype: 'float64' });
      const options = { window: 2, globalMask: mask([[1, ...Array(19).fill(0)], Array(20).fill(0)]) };
      const attend = (p: number): Tensor =>
        slidingWindowAttention(query, key, value, { ...options, dropout: x => dropout(x, p, true) }).context;
      expectClose(attend(0), value);
      expect(attend(1).abs().sum().item()).toBe(0);
      expect(
        withSeed(1, () => attend(0.5))
          .select(2, 0)
          .select(0, 0)
          .sub(1)
          .abs()
          .sum()
          .item(),
      ).toBeGreaterThan(0.01);
    });
  });

  it('in bfloat16 is near float32', () => {
    scope(() => {
      const inputs = normal([batch, heads, 150, 16], 3).map(x => x.to('bfloat16'));
      const options = { window: 20, ...masks(150) };
      const [half, whole] = [inputs, inputs.map(x => x.to('float32'))].map(
        ([q, k, v]) => slidingWindowAttention(q, k, v, options).context,
      );
      expect(half.dtype).toBe('bfloat16');
      expectClose(half.to('float32'), whole, { atol: 0.03, rtol: 0.02 });
    });
  });

  it('takes memory that grows with time', () => {
    const attend = (q: Tensor, k: Tensor, v: Tensor): Tensor => {
      const time = q.size(2);
      const globalMask = cat([ones([1, 2], { dtype: 'int64' }), zeros([1, time - 2], { dtype: 'int64' })], 1);
      return slidingWindowAttention(q, k, v, { window: 32, globalMask }).context;
    };
    expectLinearMemory(attend as (...x: Tensor[]) => Tensor);
  });

  it('refuses windows that are none', () => {
    inferenceMode(() =>
      scope(() => {
        const [query, key, value] = normal([1, 1, 4, dim], 3);
        expect(() => slidingWindowAttention(query, key, value, { window: 0.5 })).toThrow('window of 0.5');
      }),
    );
  });
});
