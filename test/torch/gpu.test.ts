/** libtorch's own fused operators beside the compositions that they stand for: wherever libtorch has them, and on a GPU. */
import { describe, expect, it } from 'vitest';
import { fusedAdamW, scaledDotProductAttention } from '../../src/torch/gpu.ts';
import { backward, manualSeed, noGrad, randn, scope, type Tensor, tensor } from '../../src/torch/index.ts';
import { type AdamWUpdate, reference as kernels } from '../../src/torch/kernels.ts';
import { hasOperator } from '../../src/torch/operator.ts';
import { type AttentionProductOptions, reference } from '../../src/torch/products.ts';
import { cudaDevice } from '../helpers/cuda.ts';
import { expectClose } from './helpers.ts';

const devices = ['cpu', ...cudaDevice];
const hasAttention = hasOperator('aten::scaled_dot_product_attention');
const hasAdamW = hasOperator('aten::_fused_adamw_') && hasOperator('aten::scaled_dot_product_attention');

const starts = tensor(
  [
    [0, 0, 0, 3, 3, 3, 6, 6],
    [0, 0, 0, 0, 0, 5, 5, 5],
  ],
  { dtype: 'int64' },
);
const cases: { name: string; queries?: number; kvHeads?: number; options?: Partial<AttentionProductOptions> }[] = [
  { name: 'every key', options: { causal: false } },
  { name: 'causal' },
  { name: 'the last queries of more keys', queries: 3 },
  { name: 'one query', queries: 1 },
  { name: 'grouped queries', kvHeads: 2 },
  { name: 'a window', options: { window: 3 } },
  { name: 'a window, one query', queries: 1, options: { window: 3 } },
  { name: 'documents', options: { documentStarts: starts } },
  { name: 'a bias', options: { causal: false, bias: tensor([[[[0.5, -1, 0, 2, 0, 1, -0.5, 0.25]]]]) } },
];

describe.skipIf(!hasAttention).each(devices)('scaledDotProductAttention on %s', device => {
  it.each(cases)('agrees with the composition: $name', ({ queries = 8, kvHeads = 4, options = {} }) => {
    scope(() => {
      manualSeed(1);
      const all: AttentionProductOptions = { scale: 0.3, causal: true, ...options };
      const there: AttentionProductOptions = {
        ...all,
        bias: all.bias?.to({ device }),
        documentStarts: all.documentStarts?.to({ device }),
      };
      const inputs = [randn([2, 4, queries, 16]), randn([2, kvHeads, 8, 16]), randn([2, kvHeads, 8, 16])];
      const weights = randn([2, 4, queries, 16]);
      const run = (attend: typeof reference.attention, given: AttentionProductOptions, on: string): Tensor[] => {
        const leaves = inputs.map(input => {
          const leaf = input.to({ device: on, copy: true });
          leaf.requiresGrad = true;
          return leaf;
        }) as [Tensor, Tensor, Tensor];
        const result = attend(...leaves, given);
        backward(result, { gradient: weights.to({ device: on }) });
        return [result, ...leaves.map(({ grad }) => grad!)].map(x => x.detach().to({ device: 'cpu' }));
      };
      const expected = run(reference.attention, all, 'cpu');
      for (const [i, actual] of run(scaledDotProductAttention, there, device).entries()) {
        expectClose(actual, expected[i], { atol: 1e-5, rtol: 1e-4, name: i === 0 ? 'result' : `gradient ${i - 1}` });
      }
    });
  });
});

describe.skipIf(!hasAdamW).each(devices)('fusedAdamW on %s', device => {
  it.each([1, 0.25])('makes the same updates, gradients scaled by %s', gradScale => {
    scope(() => {
      manualSeed(2);
      const make = () => [randn([5, 7]), randn([3]), randn([4, 2])];
      const [parameters, gradients, means] = [make(), make(), make()];
      const squares = make().map(x => x.square());
      const at = (on: string): AdamWUpdate => {
        const copies = (tensors: Tensor[]): Tensor[] => tensors.map(x => x.to({ device: on, copy: true }));
        const [p, g, m, s] = [parameters, gradients, means, squares].map(copies);
        const lists = { parameters: p, gradients: g, means: m, squares: s };
        return { ...lists, weightDecay: [0.1, 0, 0.1], lr: 0.01, betas: [0.9, 0.95], eps: 1e-8, step: 3, gradScale };
      };
      const [expected, actual] = [at('cpu'), at(device)];
      noGrad(() => {
        kernels.adamWUpdate(expected);
        fusedAdamW(actual);
      });
      for (const key of ['parameters', 'means', 'squares'] as const) {
        for (const [i, tensor] of actual[key].entries()) {
          expectClose(tensor.to({ device: 'cpu' }), expected[key][i], { atol: 1e-6, rtol: 1e-5, name: `${key} ${i}` });
        }
      }
      expect(actual.parameters).toHaveLength(3);
    });
  });
});
