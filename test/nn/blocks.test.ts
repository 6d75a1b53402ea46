import { describe, expect, it } from 'vitest';
import {
  type Activation,
  Attention,
  activations,
  additiveMask,
  causalMask,
  Dropout,
  Embedding,
  FeedForward,
  KVCache,
  LayerNorm,
  Linear,
  type Module,
} from '../../src/nn/index.ts';
import {
  backward,
  inferenceMode,
  noGrad,
  ones,
  randn,
  scope,
  type Tensor,
  tensor,
  withSeed,
} from '../../src/torch/index.ts';
import { checkGradients, expectClose } from '../torch/helpers.ts';

const random = (shape: number[], seed = 1): Tensor => withSeed(seed, () => randn(shape, { dtype: 'float64' }));

/** A module in float64 with random weights. */
function filled<M extends Module>(module: M): M {
  module.to({ dtype: 'float64' });
  noGrad(() => withSeed(3, () => module.parameters().forEach(p => void p.normal_({ std: 0.5 }))));
  return module;
}

const plain = (x: Tensor): number[][] => x.toArray() as number[][];

describe('Linear', () => {
  it('is x Wᵀ + b', () => {
    const layer = filled(new Linear(3, 2));
    const x = random([4, 3]);
    const [w, b] = [plain(layer.weight), layer.bias!.toNumbers()];
    const expected = plain(x).map(row => w.map((column, o) => row.reduce((sum, v, i) => sum + v * column[i], b[o])));
    expectClose(layer.forward(x), tensor(expected, { dtype: 'float64' }), { rtol: 1e-12 });
    expect(new Linear(3, 2, { bias: false }).bias).toBeUndefined();
  });

  it('has the gradients of finite differences', () => {
    scope(() => {
      const layer = filled(new Linear(3, 2));
      const x = random([2, 2, 3]);
      checkGradients(() => layer.forward(x), [x, ...layer.parameters()]);
      const withoutBias = filled(new Linear(3, 2, { bias: false }));
      checkGradients(() => withoutBias.forward(x), [x, ...withoutBias.parameters()]);
    });
  });
});

describe('Embedding', () => {
  it('looks rows up, and projects onto them when tied', () => {
    const table = filled(new Embedding(4, 3));
    const ids = tensor([[3, 0, 3]], { dtype: 'int64' });
    const rows = plain(table.weight);
    expect(table.forward(ids).toArray()).toEqual([[rows[3], rows[0], rows[3]]]);
    const x = random([1, 2, 3]);
    expectClose(table.project(x), x.matmul(table.weight.t()));
    scope(() => {
      checkGradients(() => table.forward(ids), table.parameters());
      checkGradients(() => table.project(x), [x, ...table.parameters()]);
    });
  });
});

describe('LayerNorm', () => {
  it('has mean 0 and variance 1 before weight and bias', () => {
    const norm = new LayerNorm(4, { eps: 0 });
    norm.to({ dtype: 'float64' });
    noGrad(() => [norm.weight.fill_(2), norm.bias!.fill_(1)]);
    const y = norm.forward(random([3, 4]).mul(5).add(7));
    expectClose(y.mean([1]), ones([3], { dtype: 'float64' }), { atol: 1e-12 });
    expectClose(y.var_([1], { correction: 0 }), ones([3], { dtype: 'float64' }).mul(4), { atol: 1e-12 });
  });

  it('has the gradients of finite differences', () => {
    scope(() => {
      const norm = filled(new LayerNorm(4));
      const x = random([2, 3, 4]);
      checkGradients(() => norm.forward(x), [x, ...norm.parameters()]);
    });
  });

  it.each(['float64', 'float32', 'bfloat16'] as const)('may be without a bias: %s', dtype => {
    scope(() => {
      const [bare, zero] = [new LayerNorm(6, { bias: false }), new LayerNorm(6)];
      for (const norm of [bare, zero]) norm.to({ dtype: dtype === 'float64' ? 'float64' : 'float32' });
      noGrad(() => {
        withSeed(3, () => bare.weight.normal_({ std: 0.5 }));
        zero.weight.copy_(bare.weight);
        zero.bias!.zero_();
      });
      const gradients = [bare, zero].map(norm => {
        const x = random([3, 6]).to(dtype);
        x.requiresGrad = true;
        const [residual, y] = norm.forwardResidual(x);
        backward(y.square().sum().add(residual.sum()));
        return [y, x.grad!, norm.weight.grad!, norm.forward(x)];
      });
      for (const [i, found] of gradients[0].entries()) expect(found.equal(gradients[1][i]), `${i}`).toBe(true);
      expect(bare.parameters()).toHaveLength(1);
    });
  });
});

describe('activations', () => {
  const erf = (x: number): number => tensor(x, { dtype: 'float64' }).erf().item();
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const formulas: Record<Activation, (x: number) => number> = {
    gelu: x => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    gelu_new: gelu,
    gelu_pytorch_tanh: gelu,
    gelu_fast: gelu,
    gelu_accurate: gelu,
    gelu_python: x => x * 0.5 * (1 + erf(x / Math.SQRT2)),
    gelu_python_tanh: gelu,
    gelu_10: x => Math.max(-10, Math.min(10, 0.5 * x * (1 + erf(x / Math.SQRT2)))),
    quick_gelu: x => x * sigmoid(1.702 * x),
    relu: x => Math.max(0, x),
    relu2: x => Math.max(0, x) ** 2,
    relu6: x => Math.min(6, Math.max(0, x)),
    leaky_relu: x => (x > 0 ? x : 0.01 * x),
    mish: x => x * Math.tanh(Math.log(1 + Math.exp(x))),
    laplace: x => 0.5 * (1 + erf((x - Math.SQRT1_2) / (0.282095 * Math.SQRT2))),
    silu: x => x * sigmoid(x),
    swish: x => x * sigmoid(x),
    tanh: Math.tanh,
    sigmoid,
    linear: x => x,
  };
  const points = [-6, -2.5, -1, -0.1, 0, 0.1, 1, 2.5, 6];

  it.each(Object.keys(activations) as Activation[])('%s follows its formula, and so does its gradient', name => {
    const y = activations[name](tensor(points, { dtype: 'float64' }));
    expectClose(y, tensor(points.map(formulas[name]), { dtype: 'float64' }), { atol: 1e-10, rtol: 1e-10, name });
    scope(() => {
      const x = tensor([-2, -0.7, 0.4, 1.9], { dtype: 'float64' });
      checkGradients(() => activations[name](x).add(x.square()), [x]);
    });
  });

  it.each(Object.keys(activations) as Activation[])('FeedForward with %s', activation => {
    scope(() => {
      const network = filled(new FeedForward({ hidden: 3, intermediate: 5, activation }));
      const x = random([2, 2, 3]);
      expectClose(network.forward(x), network.output.forward(activations[activation](network.input.forward(x))));
      checkGradients(() => network.forward(x), [x, ...network.parameters()]);
    });
  });
});

describe('Dropout', () => {
  it('zeroes a share p and keeps the mean while training, and does nothing otherwise', () => {
    const dropout = new Dropout(0.3);
    const x = ones([100_000]);
    expect(dropout.forward(x)).toBe(x);
    dropout.train();
    const y = withSeed(1, () => dropout.forward(x));
    const zeros = y.eq(0).sum().item() / 100_000;
    expect(Math.abs(zeros - 0.3)).toBeLessThan(0.01);
    expect(Math.abs(y.mean().item() - 1)).toBeLessThan(0.01);
    expect(Math.abs(y.amax().item() - 1 / 0.7)).toBeLessThan(1e-6);
    expect(withSeed(1, () => dropout.forward(x)).equal(y)).toBe(true);
    expect(new Dropout(0).train().forward(x)).toBe(x);
    expect(new Dropout(1).train().forward(x).sum().item()).toBe(0);
  });
});

describe('causalMask', () => {
  const seen = (mask: Tensor): unknown => mask.eq(0).to('int32').toArray();

  it('lets each query see itself and what came before', () => {
    expect(seen(causalMask(3, 3, { dtype: 'float32', device: 'cpu' }))).toEqual([
      [
        [
          [1, 0, 0],
          [1, 1, 0],
          [1, 1, 1],
        ],
      ],
    ]);
    expect(seen(causalMask(2, 4, { dtype: 'float32', device: 'cpu' }))).toEqual([
      [
        [
          [1, 1, 1, 0],
          [1, 1, 1, 1],
        ],
      ],
    ]);
  });

  it('of a window that is not causal lets each query see as far to both sides', () => {
    const mask = additiveMask(3, 4, { causal: false, window: 2, dtype: 'float32', device: 'cpu' });
    expect(seen(mask!)).toEqual([
      [
        [
          [1, 1, 1, 0],
          [0, 1, 1, 1],
          [0, 0, 1, 1],
        ],
      ],
    ]);
    expect(additiveMask(3, 4, { causal: false, dtype: 'float32', device: 'cpu' })).toBeUndefined();
  });

  it('hides padding too', () => {
    const attentionMask = tensor(
      [
        [0, 1, 1],
        [1, 1, 0],
      ],
      { dtype: 'int64' },
    );
    const mask = causalMask(3, 3, { attentionMask, dtype: 'float32', device: 'cpu' });
    expect(seen(mask)).toEqual([
      [
        [
          [0, 0, 0],
          [0, 1, 0],
          [0, 1, 1],
        ],
      ],
      [
        [
          [1, 0, 0],
          [1, 1, 0],
          [1, 1, 0],
        ],
      ],
    ]);
  });

  it.each([
    'float32',
    'float64',
    'bfloat16',
    'float16',
  ] as const)('gives uniform attention where nothing is seen: %s', dtype => {
    const attentionMask = tensor([[0, 0, 0]], { dtype: 'int64' });
    const mask = causalMask(3, 3, { attentionMask, dtype, device: 'cpu' });
    expect(mask.dtype).toBe(dtype);
    const scores = tensor([[[[1, -2, 3]]]], { dtype: 'float64' }).to(dtype);
    const probabilities = scores.add(mask).to('float64').softmax(-1);
    expectClose(probabilities, ones([1, 1, 3, 3], { dtype: 'float64' }).div(3), { atol: 1e-9 });
  });
});

describe('Attention', () => {
  const make = (options = {}) => filled(new Attention({ hidden: 4, heads: 2, ...options }));
  const mask = (time: number, attentionMask?: Tensor) =>
    causalMask(time, time, { attentionMask, dtype: 'float64', device: 'cpu' });

  it('is softmax(Q Kᵀ / √d) V, head by head', () => {
    const attention = make();
    const x = random([1, 3, 4]);
    const [y, probabilities] = attention.forward(x, { mask: mask(3), layer: 0, outputAttentions: true });
    const projected = attention.qkv!.forward(x).select(0, 0);
    const heads = [0, 1].map(head => {
      const [q, k, v] = [0, 1, 2].map(part => projected.narrow(1, 4 * part + 2 * head, 2));
      const scores = q.matmul(k.t()).div(Math.SQRT2);
      const hidden = tensor(
        [
          [0, 1, 1],
          [0, 0, 1],
          [0, 0, 0],
        ],
        { dtype: 'bool' },
      );
      const p = scores.maskedFill(hidden, Number.NEGATIVE_INFINITY).softmax(-1);
      expectClose(probabilities!.select(0, 0).select(0, head), p, { atol: 1e-12 });
      return p.matmul(v);
    });
    const context = tensor(heads[0].toArray() as number[][], { dtype: 'float64' });
    const both = [0, 1, 2].map(t => [
      ...(context.toArray() as number[][])[t],
      ...(heads[1].toArray() as number[][])[t],
    ]);
    expectClose(y.select(0, 0), attention.output.forward(tensor(both, { dtype: 'float64' })), { atol: 1e-12 });
  });

  it('has the gradients of finite differences, causal, with padding, with another scale', () => {
    scope(() => {
      const x = random([2, 3, 4]);
      const padding = tensor(
        [
          [1, 1, 0],
          [1, 1, 1],
        ],
        { dtype: 'int64' },
      );
      for (const m of ['causal' as const, mask(3), mask(3, padding)]) {
        const attention = make();
        checkGradients(() => attention.forward(x, { mask: m, layer: 0 })[0], [x, ...attention.parameters()]);
        const scaled = make({ scale: 0.3 });
        checkGradients(() => scaled.forward(x, { mask: m, layer: 0 })[0], [x, ...scaled.parameters()]);
      }
    });
  });

  it('knows the causal mask by name', () => {
    for (const dtype of ['float64', 'float32', 'bfloat16'] as const) {
      const attention = make();
      attention.to({ dtype });
      const x = random([2, 5, 4]).to(dtype);
      const explicit = causalMask(5, 5, { dtype, device: 'cpu' });
      const [a, p] = attention.forward(x, { mask: 'causal', layer: 0, outputAttentions: true });
      const [b, q] = attention.forward(x, { mask: explicit, layer: 0, outputAttentions: true });
      const tolerance = dtype === 'bfloat16' ? 0.02 : 1e-6;
      expectClose(p!, q!, { atol: tolerance, name: dtype });
      expectClose(a, b, { atol: 4 * tolerance, rtol: tolerance, name: dtype });
    }
  });

  it('has finite results and gradients where a query sees nothing', () => {
    scope(() => {
      const attention = make();
      const x = random([1, 3, 4]);
      x.requiresGrad = true;
      const nothing = mask(3, tensor([[0, 0, 0]], { dtype: 'int64' }));
      const [y, probabilities] = attention.forward(x, { mask: nothing, layer: 0, outputAttentions: true });
      expectClose(probabilities!, ones([1, 2, 3, 3], { dtype: 'float64' }).div(3));
      backward(y.sum());
      expect(y.isfinite().all().item()).toBe(1);
      expect(x.grad!.isfinite().all().item()).toBe(1);
    });
  });

  it('computes the same with a cache, however the positions are cut', () => {
    const attention = make();
    const x = random([2, 5, 4]);
    const [whole] = attention.forward(x, { mask: mask(5), layer: 0 });
    for (const cut of [[5], [1, 1, 1, 1, 1], [3, 2], [2, 1, 2]]) {
      using cache = new KVCache(1, 5);
      let start = 0;
      inferenceMode(() => {
        for (const time of cut) {
          const [y] = attention.forward(x.narrow(1, start, time), { mask: 'causal', cache, layer: 0 });
          expectClose(y, whole.narrow(1, start, time), { atol: 1e-12, name: `cut ${cut} at ${start}` });
          cache.advance(time);
          start += time;
        }
      });
    }
  });

  it('drops probabilities out while training', () => {
    const attention = make({ dropout: 0.5 });
    const x = random([1, 4, 4]);
    const run = (seed: number) => withSeed(seed, () => attention.forward(x, { mask: mask(4), layer: 0 })[0]);
    expect(run(1).equal(run(2))).toBe(true);
    attention.train();
    expect(run(1).equal(run(2))).toBe(false);
    expect(run(1).equal(run(1))).toBe(true);
  });
});
