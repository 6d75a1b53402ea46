/** Attention over pages beside attention over whole sequences, and the same bits however these are cut. */
import { describe, expect, it } from 'vitest';
import { cat, type DType, fromTypedArray, manualSeed, randn, type Tensor, tensor } from '../../src/torch/index.ts';
import { emptyPages, type PagedAttentionOptions, pagedAttention } from '../../src/torch/paged-attention.ts';
import { reference } from '../../src/torch/products.ts';

interface Case {
  name: string;
  dtype: DType;
  heads: number;
  kvHeads: number;
  dim: number;
  options?: Partial<PagedAttentionOptions>;
}

const PAGE = 32;
const LENGTHS = [70, 1, 33, 128];

const cases: Case[] = (['float32', 'bfloat16'] as const).flatMap(dtype => [
  { name: 'plain', dtype, heads: 4, kvHeads: 4, dim: 64 },
  { name: 'grouped queries', dtype, heads: 6, kvHeads: 2, dim: 32 },
  { name: 'one head of keys, odd width', dtype, heads: 5, kvHeads: 1, dim: 20 },
  { name: 'window', dtype, heads: 2, kvHeads: 2, dim: 16, options: { window: 40 } },
  { name: 'softcap', dtype, heads: 2, kvHeads: 1, dim: 48, options: { softcap: 3 } },
  { name: 'linear biases', dtype, heads: 4, kvHeads: 4, dim: 16, options: { slopes: tensor([0.5, 0.25, 0.1, 0.01]) } },
]);

/** Sequences of queries, keys and values, [1, heads, length, dim] each. */
function sequencesOf({ dtype, heads, kvHeads, dim }: Case): Tensor[][] {
  manualSeed(7);
  return LENGTHS.map(length => [heads, kvHeads, kvHeads].map(count => randn([1, count, length, dim]).to(dtype)));
}

/** Runs all sequences through pages, each cut where `cuts` says. */
function paged(test: Case, sequences: readonly Tensor[][], cuts: (length: number, i: number) => number[]): Tensor[] {
  const { dtype, kvHeads, dim: headDim, options } = test;
  const shape = { pages: 20, pageSize: PAGE, kvHeads, headDim, dtype };
  const layer = { keys: emptyPages(shape), values: emptyPages(shape) };
  let next = 0;
  // Pages of a sequence are not neighbours.
  const pages = LENGTHS.map(length => Array.from({ length: Math.ceil(length / PAGE) }, () => (next++ * 7) % 20));
  const bounds = LENGTHS.map((length, i) => [0, ...cuts(length, i), length]);
  const results: Tensor[][] = LENGTHS.map(() => []);
  for (let step = 0; step < Math.max(...bounds.map(({ length }) => length)) - 1; step++) {
    const active = [...LENGTHS.keys()].filter(i => step + 1 < bounds[i].length);
    const parts = active.map(i => ({ i, past: bounds[i][step], count: bounds[i][step + 1] - bounds[i][step] }));
    const joined = [0, 1, 2].map(kind =>
      cat(
        parts.map(({ i, past, count }) => sequences[i][kind].narrow(2, past, count)),
        2,
      ),
    );
    const width = 3 + 4;
    const plan = new Int32Array(parts.length * width);
    let first = 0;
    for (const [row, { i, past, count }] of parts.entries()) {
      plan.set([first, count, past, ...pages[i]], row * width);
      first += count;
    }
    const output = pagedAttention(joined[0], joined[1], joined[2], layer, fromTypedArray(plan, [parts.length, width]), {
      pageSize: PAGE,
      scale: 0.2,
      ...options,
    });
    first = 0;
    for (const { i, count } of parts) {
      results[i].push(output.narrow(2, first, count));
      first += count;
    }
  }
  return results.map(parts => cat(parts, 2));
}

function expected({ heads, kvHeads, options = {} }: Case, [query, key, value]: Tensor[]): Tensor {
  const [q, k, v] = [query, key, value].map(x => x.to('float32'));
  const length = q.size(2);
  const { softcap, window, slopes } = options;
  const positions = tensor(Array.from({ length }, (_, i) => i));
  const bias = slopes?.view([1, heads, 1, 1]).mul(positions);
  if (softcap === undefined) return reference.attention(q, k, v, { scale: 0.2, causal: true, window, bias });
  const [keys, values] = [k, v].map(x => x.repeatInterleave(heads / kvHeads, 1));
  const scores = q.matmul(keys.transpose(-1, -2)).mul(0.2).div(softcap).tanh().mul(softcap);
  const later = positions.unsqueeze(0).gt(positions.unsqueeze(1));
  return scores.maskedFill(later, Number.NEGATIVE_INFINITY).softmax(-1).matmul(values);
}

const differences = (a: Tensor, b: Tensor): number => a.to('float32').sub(b.to('float32')).abs().amax().item();

describe('paged attention', () => {
  it.each(cases)('$name, $dtype', test => {
    const sequences = sequencesOf(test);
    const whole = paged(test, sequences, () => []);
    for (const [i, result] of whole.entries()) {
      const tolerance = test.dtype === 'float32' ? 2e-6 : 2 ** -6;
      const reference = expected(test, sequences[i]);
      expect(differences(result, reference)).toBeLessThan(tolerance * reference.abs().amax().item());
    }
    const cut = paged(test, sequences, (length, i) =>
      Array.from({ length: length - 1 }, (_, j) => j + 1).filter(j => j % (5 + 9 * i) === 0 || j > length - 4),
    );
    for (const [i, result] of cut.entries()) expect(differences(result, whole[i])).toBe(0);
  });

  it('values that a page held before do not reach others, whatever they were', () => {
    const shape = { pages: 1, pageSize: PAGE, kvHeads: 1, headDim: 16, dtype: 'bfloat16' as const };
    const layer = { keys: emptyPages(shape), values: emptyPages(shape) };
    const run = (x: Tensor, count: number): Tensor => {
      const plan = tensor([[0, count, 0, 0]], { dtype: 'int32' });
      return pagedAttention(x, x, x, layer, plan, { pageSize: PAGE, scale: 1 });
    };
    run(randn([1, 1, 20, 16]).mul(Number.NaN).to('bfloat16'), 20);
    expect(
      run(randn([1, 1, 3, 16]).to('bfloat16'), 3)
        .isfinite()
        .all()
        .item(),
    ).toBeTruthy();
  });

  it('refuses a plan that points elsewhere', () => {
    const shape = { pages: 2, pageSize: PAGE, kvHeads: 1, headDim: 16, dtype: 'float32' as const };
    const layer = { keys: emptyPages(shape), values: emptyPages(shape) };
    const x = randn([1, 1, 4, 16]);
    const run = (...row: number[]): Tensor =>
      pagedAttention(x, x, x, layer, tensor([row], { dtype: 'int32' }), { pageSize: PAGE, scale: 1 });
    expect(() => run(0, 4, 0, 2)).toThrow('there is no page 2');
    expect(() => run(0, 4, 0, -1)).toThrow('there is no page -1');
    expect(() => run(0, 5, 0, 0)).toThrow('does not lie in the batch');
    expect(() => run(0, 4, 30, 0)).toThrow('does not lie in the batch or in its pages');
    expect(() => run(0, 4, -1, 0)).toThrow('does not lie');
  });
});
