/** Pages by libtorch's own operators, as GPUs have them, beside those of the kernel on the CPU. */
import { describe, expect, it } from 'vitest';
import { devicePages } from '../../src/nn/device-pages.ts';
import { PagedCache, type PagedSequence } from '../../src/nn/paged-cache.ts';
import { manualSeed, memoryStats, randn, scope, type Tensor } from '../../src/torch/index.ts';
import { cudaDevice } from '../helpers/cuda.ts';
import { expectClose } from '../torch/helpers.ts';

const [PAGES, PAGE, DIM, LAYERS] = [12, 32, 16, 2];
/** A prompt and a longer one, then a step in which one reads on and the other decodes, then both decode. */
const STEPS: PagedSequence[][] = [
  [
    { tokens: 40, past: 0, pages: [7, 2, 9] },
    { tokens: 3, past: 0, pages: [4, 1] },
  ],
  [
    { tokens: 1, past: 40, pages: [7, 2, 9] },
    { tokens: 30, past: 3, pages: [4, 1] },
    { tokens: 1, past: 0, pages: [11] },
  ],
  [
    { tokens: 1, past: 41, pages: [7, 2, 9] },
    { tokens: 1, past: 33, pages: [4, 1] },
    { tokens: 1, past: 1, pages: [11] },
  ],
];

const cases = [
  { name: 'plain', heads: 4, kvHeads: 4 },
  { name: 'grouped queries', heads: 6, kvHeads: 2 },
  { name: 'a window', heads: 2, kvHeads: 2, window: 20 },
  { name: 'softcap', heads: 2, kvHeads: 1, softcap: 3 },
  { name: 'linear biases', heads: 4, kvHeads: 4, slopes: [0.5, 0.25, 0.1, 0.01] },
];

describe.each(['cpu', ...cudaDevice])('devicePages on %s', device => {
  it.each(cases)('gives what the kernel gives: $name', ({ heads, kvHeads, slopes, ...kind }) => {
    scope(() => {
      manualSeed(3);
      const shape = { pages: PAGES, pageSize: PAGE, kvHeads, headDim: DIM, dtype: 'float32' as const };
      using cache = new PagedCache(LAYERS, shape, { slopes });
      const store = devicePages(LAYERS, shape, { device, slopes });
      for (const sequences of STEPS) {
        const tokens = sequences.reduce((sum, sequence) => sum + sequence.tokens, 0);
        store.begin(sequences);
        cache.step(sequences, () => {
          for (let layer = 0; layer < LAYERS; layer++) {
            const inputs = [heads, kvHeads, kvHeads].map(count => randn([1, count, tokens, DIM]));
            const [query, key, value] = inputs;
            const there = inputs.map(x => x.to({ device })) as [Tensor, Tensor, Tensor];
            const options = { scale: 0.3, ...kind };
            const actual = store.attend(layer, ...there, options).to({ device: 'cpu' });
            expectClose(actual, cache.attend(layer, query, key, value, options), { atol: 1e-5, rtol: 1e-5 });
          }
        });
        store.end();
      }
      store.dispose();
    });
  });

  it('copies pages, and leaves nothing behind', () => {
    const before = memoryStats().tensors;
    scope(() => {
      const shape = { pages: 3, pageSize: PAGE, kvHeads: 1, headDim: DIM, dtype: 'float32' as const };
      const store = devicePages(1, shape, { device });
      const step = (past: number, page: number, x: Tensor): Tensor => {
        store.begin([{ tokens: x.size(2), past, pages: [page] }]);
        const result = store.attend(0, x, x, x, { scale: 1 });
        store.end();
        return result;
      };
      const x = randn([1, 1, 6, DIM]).to({ device });
      step(0, 0, x.narrow(2, 0, 5));
      store.copyPage(0, 2);
      const last = x.narrow(2, 5, 1);
      expectClose(step(5, 2, last).to({ device: 'cpu' }), step(5, 0, last).to({ device: 'cpu' }), {
        atol: 1e-7,
        rtol: 0,
      });
      store.dispose();
    });
    expect(memoryStats().tensors).toBe(before);
  });
});
