import { describe, expect, it } from 'vitest';
import { type BlockSparseOptions, blockSparseAttention, isBlockSparse } from '../../../src/nn/sparse/index.ts';
import { drawRandomBlocks } from '../../../src/nn/sparse/random-blocks.ts';
import { dropout, inferenceMode, ones, scope, type Tensor, tensor } from '../../../src/torch/index.ts';
import { expectClose } from '../../torch/helpers.ts';
import { expectLinearMemory, gradients, normal, weighted } from './helpers.ts';

const [batch, heads, dim] = [2, 3, 4];
const cpu = { device: 'cpu' };

/** Row 0 whole, row 1 with padding at its end and one hole. */
const withPadding = (time: number): Tensor => {
  const positions = Array.from({ length: time }, (_, i) => i);
  return tensor([positions.map(() => 1), positions.map(i => Number(i < time * 0.8 && i !== 1))], { dtype: 'int64' });
};

/** How often each position counts each other one, [batch, heads, time, time], straight from the description. */
function counts(
  time: number,
  { blockSize, randomBlocks, training, seed = 0, maxPositions, attentionMask }: BlockSparseOptions,
): Tensor {
  const blocks = Math.ceil(time / blockSize);
  const options = { blocks, blockSize, randomBlocks, heads, seed, maxPositions: maxPositions ?? blocks * blockSize };
  const random = training ? (drawRandomBlocks({ ...options, ...cpu }).toArray() as number[][][]) : undefined;
  const real = attentionMask?.toArray() as number[][] | undefined;
  const seen = (head: number, row: number): number[] => {
    if (row === 0 || row === blocks - 1) return Array.from({ length: blocks }, (_, i) => i);
    const drawn = random ? random[head][row - 1] : Array<number>(randomBlocks).fill(0);
    return [...new Set([0, blocks - 1, row - 1, row, row + 1]), ...drawn];
  };
  const times = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: heads }, (_, h) =>
      Array.from({ length: time }, (_, i) => {
        const row = Array<number>(time).fill(0);
        for (const block of seen(h, Math.floor(i / blockSize))) {
          for (let j = block * blockSize; j < Math.min(time, (block + 1) * blockSize); j++) row[j] += real?.[b][j] ?? 1;
        }
        return row;
      }),
    ),
  );
  return tensor(times, { dtype: 'float64' });
}

function naive(query: Tensor, key: Tensor, value: Tensor, options: BlockSparseOptions): Tensor {
  const time = query.size(2);
  const context = weighted(query, key, value, counts(time, options), options.scale ?? 1 / Math.sqrt(dim));
  return options.attentionMask ? context.mul(options.attentionMask.view([batch, 1, time, 1])) : context;
}

const context = (q: Tensor, k: Tensor, v: Tensor, o: BlockSparseOptions): Tensor =>
  blockSparseAttention(q, k, v, o).context;

const settings = [
  { time: 39, blockSize: 3, randomBlocks: 2 },
  { time: 38, blockSize: 3, randomBlocks: 2 },
  { time: 29, blockSize: 4, randomBlocks: 1 },
  { time: 26, blockSize: 5, randomBlocks: 0 },
  { time: 200, blockSize: 16, randomBlocks: 3 },
];

describe('blockSparseAttention', () => {
  for (const training of [false, true]) {
    it.each(settings)(`${training ? 'training' : 'not training'}: as weights over all scores, %j`, ({
      time,
      ...sizes
    }) => {
      scope(() => {
        const [query, key, value] = normal([batch, heads, time, dim], 3);
        for (const extra of [{}, { scale: 0.2, attentionMask: withPadding(time), seed: 5 }]) {
          const options = { ...sizes, ...extra, training };
          expectClose(context(query, key, value, options), naive(query, key, value, options), { atol: 1e-12 });
        }
      });
    });

    it(`${training ? 'training' : 'not training'}: has the gradients of weights over all scores`, () => {
      scope(() => {
        const options = { blockSize: 3, randomBlocks: 2, attentionMask: withPadding(38), training };
        const [ours, theirs] = [context, naive].map(attend =>
          gradients((q, k, v) => attend(q, k, v, options), normal([batch, heads, 38, dim], 3)),
        );
        for (const [i, gradient] of ours.entries()) expectClose(gradient!, theirs[i]!, { atol: 1e-12 });
      });
    });

    it(`${training ? 'training' : 'not training'}: gives the probabilities of all keys`, () => {
      scope(() => {
        const [query, key, value] = normal([batch, heads, 38, dim], 3);
        const options = { blockSize: 3, randomBlocks: 2, training, outputAttentions: true };
        const result = blockSparseAttention(query, key, value, options);
        expect(result.probabilities!.shape).toEqual([batch, heads, 38, 38]);
        expectClose(result.probabilities!.sum([-1]), ones([batch, heads, 38], { dtype: 'float64' }));
        expectClose(result.probabilities!.matmul(value), result.context, { atol: 1e-12 });
      });
    });
  }

  it('gives 0 for a text of padding alone, and no gradient', () => {
    scope(() => {
      const attentionMask = tensor([Array(38).fill(1), Array(38).fill(0)], { dtype: 'int64' });
      const inputs = normal([2, heads, 38, dim], 3);
      const attend = (...[q, k, v]: Tensor[]): Tensor =>
        context(q, k, v, { blockSize: 3, randomBlocks: 2, attentionMask });
      expect(
        attend(...inputs)
          .select(0, 1)
          .abs()
          .sum()
          .item(),
      ).toBe(0);
      for (const gradient of gradients(attend, inputs)) {
        expect(gradient!.isfinite().all().item()).toBe(1);
        expect(gradient!.select(0, 1).abs().sum().item()).toBe(0);
      }
    });
  });

  it('drops the probabilities of all blocks', () => {
    scope(() => {
      const [query, key] = normal([batch, heads, 38, dim], 2);
      const value = ones([batch, heads, 38, dim], { dtype: 'float64' });
      const attend = (p: number): Tensor =>
        context(query, key, value, { blockSize: 3, randomBlocks: 2, dropout: x => dropout(x, p, true) });
      expectClose(attend(0), value);
      expect(attend(1).abs().sum().item()).toBe(0);
    });
  });

  it('in bfloat16 is near float32', () => {
    scope(() => {
      const inputs = normal([batch, heads, 150, 16], 3).map(x => x.to('bfloat16'));
      const options = { blockSize: 8, randomBlocks: 3, attentionMask: withPadding(150) };
      const [half, whole] = [inputs, inputs.map(x => x.to('float32'))].map(([q, k, v]) => context(q, k, v, options));
      expect(half.dtype).toBe('bfloat16');
      expectClose(half.to('float32'), whole, { atol: 0.03, rtol: 0.02 });
    });
  });

  it('takes memory that grows with time', () => {
    for (const training of [false, true]) {
      expectLinearMemory((...[q, k, v]) => context(q, k, v, { blockSize: 16, randomBlocks: 3, training }));
    }
  });

  it('refuses texts that are too short for it', () => {
    const sizes = { blockSize: 3, randomBlocks: 2 };
    expect([27, 28].map(time => isBlockSparse(time, sizes))).toEqual([false, true]);
    inferenceMode(() =>
      scope(() => {
        const [query, key, value] = normal([1, 1, 27, dim], 3);
        expect(() => context(query, key, value, sizes)).toThrow('27 positions');
      }),
    );
  });
});

describe('drawRandomBlocks', () => {
  const draw = (
    blocks: number,
    blockSize: number,
    randomBlocks: number,
    seed: number,
    maxPositions = 4096,
  ): number[][][] =>
    scope(
      () =>
        drawRandomBlocks({
          blocks,
          blockSize,
          randomBlocks,
          heads,
          seed,
          maxPositions,
          ...cpu,
        }).toArray() as number[][][],
    );

  it('draws different blocks that are neither global nor in the window, among the first 5 + 2r', () => {
    for (const [blocks, r] of [
      [12, 3],
      [40, 3],
      [8, 1],
    ]) {
      const ever = Array.from({ length: blocks }, () => new Set<number>());
      for (let seed = 0; seed < 40; seed++) {
        for (const head of draw(blocks, 16, r, seed)) {
          for (const [i, drawn] of head.entries()) {
            expect(new Set(drawn).size).toBe(r);
            for (const block of drawn) ever[i + 1].add(block);
          }
        }
      }
      for (let row = 1; row < blocks - 1; row++) {
        const allowed = Array.from({ length: 2 * r + 3 }, (_, i) => i + 1).filter(b => Math.abs(b - row) > 1);
        const last = 2 * r + 3;
        const legal = allowed.filter(b => !(row === 1 && b === last) && !(row === last && b === 1));
        expect(
          [...ever[row]].sort((a, b) => a - b),
          `row ${row} of ${blocks}`,
        ).toEqual(legal);
      }
    }
  });

  it('draws among the first 1024 positions at the lengths of the paper', () => {
    for (const blocks of [16, 48, 64]) {
      const all = [1, 2, 3, 4, 5].flatMap(seed => draw(blocks, 64, 3, seed));
      for (const head of all) {
        for (const [i, drawn] of head.entries()) {
          expect(new Set(drawn).size).toBe(3);
          expect(drawn.every(b => b >= 1 && b <= 15 && Math.abs(b - i - 1) > 1)).toBe(true);
        }
      }
      expect(new Set(all.flat(2)).size).toBe(15);
    }
    // Where 1024 positions are all there are, the second and third last row may draw their own window.
    const ends = [1, 2, 3, 4, 5, 6, 7, 8].flatMap(seed => draw(16, 64, 3, seed, 1024).flatMap(head => head.slice(-2)));
    expect(new Set(ends.flat())).toEqual(new Set(Array.from({ length: 14 }, (_, i) => i + 1)));
  });

  it('follows from its seed, and differs between heads', () => {
    expect(draw(40, 16, 3, 7)).toEqual(draw(40, 16, 3, 7));
    expect(draw(40, 16, 3, 7)).not.toEqual(draw(40, 16, 3, 8));
    expect(draw(40, 16, 3, 7)[0]).not.toEqual(draw(40, 16, 3, 7)[1]);
  });

  it('refuses to draw more blocks than there are', () => {
    expect(() => draw(6, 512, 3, 1, 3072)).toThrow(/blocks to choose 3 random ones from/);
  });
});
