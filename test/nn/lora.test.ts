import { describe, expect, it } from 'vitest';
import { Embedding, FeedForward, Linear, Lora } from '../../src/nn/index.ts';
import { autocast, noGrad, randint, randn, scope, type Tensor, withSeed } from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { expectClose } from '../torch/helpers.ts';

function filled<M extends Linear | Embedding | FeedForward>(module: M): M {
  noGrad(() => {
    for (const parameter of module.parameters()) parameter.normal_({ std: 0.5 });
  });
  return module;
}

/** An adapter with random factors. */
function loraFor(layer: Linear | Embedding, options = { rank: 3, scale: 1.5 }): Lora {
  const lora = new Lora(layer, options);
  filled(lora.up);
  filled(lora.down);
  return lora;
}

const scoped = (body: () => void) => () => scope(() => withSeed(5, () => noGrad(body)));

describe('Lora', () => {
  it(
    'adds s·BA x to a linear map, and its delta is s·BA',
    scoped(() => {
      const layer = filled(new Linear(6, 4));
      const [x, residual] = [randn([2, 5, 6]), randn([2, 5, 4])];
      const plain = layer.forward(x, residual);
      const lora = loraFor(layer);
      layer.adapter = lora;
      const [a, b] = [lora.down.weight, lora.up.weight];
      expect([a.shape, b.shape]).toEqual([
        [3, 6],
        [4, 3],
      ]);
      const added = x.matmul(a.t()).matmul(b.t()).mul(1.5);
      expectClose(layer.forward(x, residual), plain.add(added), { atol: 1e-5 });
      expectClose(lora.delta(), b.matmul(a).mul(1.5));
    }),
  );

  it(
    'adds to the rows of a table',
    scoped(() => {
      const table = filled(new Embedding(9, 4));
      const ids = randint(0, 9, [2, 5], { dtype: 'int64' });
      const plain = table.forward(ids);
      const lora = loraFor(table);
      table.adapter = lora;
      const delta = lora.delta();
      expect(delta.shape).toEqual([9, 4]);
      expectClose(table.forward(ids), plain.add(delta.indexSelect(0, ids.flatten()).view([2, 5, 4])), { atol: 1e-5 });
    }),
  );

  it(
    'leaves the layer’s own parameters what they are',
    scoped(() => {
      const layer = new Linear(6, 4);
      const lora = loraFor(layer);
      layer.adapter = lora;
      expect(Array.from(layer.namedParameters(), ([name]) => name)).toEqual(['weight', 'bias']);
      expect(lora.parameters()).toHaveLength(2);
    }),
  );

  it.each(['input', 'output', 'gate'] as const)('counts in the %s of a feed-forward network', part =>
    scoped(() => {
      const network = filled(new FeedForward({ hidden: 8, intermediate: 16, gate: 'separate', bias: false }));
      const layer = network[part]!;
      const x = randn([3, 8]);
      const lora = loraFor(layer);
      const results = (body: () => Tensor): Tensor[] => [body(), autocast('bfloat16', body).to('float32')];
      layer.adapter = lora;
      const adapted = results(() => network.forward(x));
      layer.adapter = undefined;
      layer.weight.add_(lora.delta());
      const merged = results(() => network.forward(x));
      expectClose(adapted[0], merged[0], { atol: 1e-4, rtol: 1e-4 });
      expectClose(adapted[1], merged[1], { atol: 0.02 * merged[0].abs().amax().item(), rtol: 0.05 });
    })());

  it.runIf(hasProducts())(
    'gives a row of a packed layer the same bits whatever else is in its batch',
    scoped(() => {
      const layer = filled(new Linear(40, 70)).to({ dtype: 'bfloat16' });
      const lora = loraFor(layer, { rank: 5, scale: 0.7 });
      layer.adapter = lora;
      for (const factor of [lora.down, lora.up]) factor.to({ dtype: 'bfloat16' });
      const x = randn([50, 40]).to('bfloat16');
      const wanted = layer.forward(x).to('float32');
      layer.pack();
      lora.pack();
      const all = layer.forward(x);
      expectClose(all.to('float32'), wanted, { atol: 0.1, rtol: 0.02 });
      for (const row of [0, 7, 49]) {
        expect(layer.forward(x.narrow(0, row, 1)).equal(all.narrow(0, row, 1))).toBe(true);
      }
    }),
  );
});
