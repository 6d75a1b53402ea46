/** The fused operators beside the composition of libtorch's own, and that beside finite differences. */
import { describe, expect, it } from 'vitest';
import {
  backward,
  type DType,
  inferenceMode,
  manualSeed,
  randn,
  scope,
  type Tensor,
  tensor,
} from '../../src/torch/index.ts';
import {
  type AdamWUpdate,
  adamWUpdate,
  causalSoftmax,
  crossEntropy,
  geluTanh,
  gradNorm,
  layerNorm,
  linear,
  reference,
} from '../../src/torch/kernels.ts';
import {
  check,
  compare,
  compareDifferences,
  dtypes,
  expectClose,
  expectSameForAnyThreads,
  type Operation,
  random,
  resultAndGradients,
  sizes,
  strided,
} from './kernel-cases.ts';

describe.each(dtypes)('GELU in %s', dtype => {
  check('values and gradients', () => {
    for (const size of [...sizes, 40000]) compare(geluTanh, reference.geluTanh, [random([size], dtype, 4)]);
  });
  check('other strides, no elements', () => {
    compare(geluTanh, reference.geluTanh, [strided(random([5, 17], dtype))]);
    expect(geluTanh(random([0, 3], dtype)).shape).toEqual([0, 3]);
  });
  check('NaN, infinities and large values', () => {
    const x = tensor([Number.NaN, Number.POSITIVE_INFINITY, 90, -90, -1e4, 1e4]).to(dtype);
    const expected = x.to('float32').toNumbers();
    expect(geluTanh(x).toNumbers()).toEqual([Number.NaN, Infinity, expected[2], -0, -0, expected[5]]);
  });
});

check('GELU is exact to 1e-6 in float32', () => {
  const x = tensor(
    Float64Array.from({ length: 20001 }, (_, i) => (i - 10000) / 1000),
    [20001],
  );
  const actual = geluTanh(x.to('float32')).toNumbers();
  const expected = reference.geluTanh(x.to('float32').to('float64')).toNumbers();
  for (const [i, value] of actual.entries()) {
    expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(1e-6 * Math.abs(expected[i]) + 1e-9);
  }
});

describe.each(dtypes)('cross-entropy in %s', dtype => {
  const targetsOf = (rows: number, classes: number, ignored = false): Tensor =>
    tensor(
      BigInt64Array.from({ length: rows }, (_, i) => (ignored && i % 3 === 1 ? -100n : BigInt((i * 7) % classes))),
      [rows],
    );

  it.each(['mean', 'sum'] as const)('%s: values and gradients', reduction =>
    scope(() => {
      manualSeed(1);
      for (const classes of [...sizes, 1000]) {
        for (const rows of [1, 3, 17]) {
          for (const ignored of [false, true]) {
            const targets = targetsOf(rows, classes, ignored && rows > 1);
            const loss =
              (of: typeof crossEntropy): Operation =>
              logits =>
                of(logits, targets, { reduction });
            compare(loss(crossEntropy), loss(reference.crossEntropy), [random([rows, classes], dtype, 5)]);
          }
        }
      }
    }));
  check('the loss is float32, the gradient of the type of the logits', () => {
    const [loss, gradient] = resultAndGradients(x => crossEntropy(x, targetsOf(4, 9)), [random([4, 9], dtype)]);
    expect([loss.dtype, gradient.dtype]).toEqual(['float32', dtype]);
  });
  check('other strides', () => {
    const targets = targetsOf(6, 33);
    compare(
      x => crossEntropy(x, targets),
      x => reference.crossEntropy(x, targets),
      [strided(random([6, 33], dtype))],
    );
  });
  check('another index to ignore', () => {
    const logits = random([3, 5], dtype);
    const targets = tensor(BigInt64Array.of(0n, 4n, 2n), [3]);
    const options = { ignoreIndex: 4 };
    expectClose(crossEntropy(logits, targets, options), reference.crossEntropy(logits, targets, options), 'float32');
  });
  check('no row counts: the mean is NaN, the sum 0, the gradient 0', () => {
    const targets = tensor(BigInt64Array.of(-100n, -100n), [2]);
    const [mean, gradient] = resultAndGradients(x => crossEntropy(x, targets), [random([2, 5], dtype)]);
    expect(mean.item()).toBeNaN();
    expect(gradient.toNumbers()).toEqual(new Array(10).fill(0));
    expect(crossEntropy(random([2, 5], dtype), targets, { reduction: 'sum' }).item()).toBe(0);
    const none = tensor(new BigInt64Array(0), [0]);
    expect(crossEntropy(random([0, 5], dtype), none).item()).toBeNaN();
    expect(crossEntropy(random([0, 5], dtype), none, { reduction: 'sum' }).item()).toBe(0);
  });
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('%s among the logits makes the loss NaN', value =>
    scope(() => {
      for (const classes of [3, 17, 40]) {
        for (const at of [0, classes - 1]) {
          const logits = Float32Array.from({ length: 2 * classes }, (_, i) => (i === classes + at ? value : i / 7));
          const loss = crossEntropy(tensor(logits, [2, classes]).to(dtype), targetsOf(2, classes));
          expect(loss.item()).toBeNaN();
        }
      }
    }));
  check('logits that overflow an exponential, and −∞', () => {
    const logits = tensor([[1e30, 0, -1e30, Number.NEGATIVE_INFINITY]]).to(dtype);
    expect(crossEntropy(logits, tensor(BigInt64Array.of(0n), [1])).item()).toBe(0);
    expect(crossEntropy(logits, tensor(BigInt64Array.of(3n), [1])).item()).toBe(Number.POSITIVE_INFINITY);
  });
  check('targets that are no class', () => {
    for (const target of [5n, -1n]) {
      const targets = tensor(BigInt64Array.of(0n, target), [2]);
      expect(() => crossEntropy(random([2, 5], dtype), targets)).toThrow(`target ${target} is out of bounds of 5`);
    }
  });
});

describe.each(dtypes)('causal softmax in %s', dtype => {
  const of =
    (softmax: typeof causalSoftmax, scale: number): Operation =>
    scores =>
      softmax(scores, scale);

  check('values and gradients', () => {
    for (const size of sizes) {
      const scores = random([2, 3, size, size], dtype, 4);
      compare(of(causalSoftmax, 0.3), of(reference.causalSoftmax, 0.3), [scores]);
    }
  });
  check('fewer queries than keys: the last positions', () => {
    for (const queries of [1, 2, 16]) {
      compare(of(causalSoftmax, 1), of(reference.causalSoftmax, 1), [random([2, queries, 19], dtype, 3)]);
    }
  });
  check('other strides, no elements', () => {
    compare(of(causalSoftmax, 1), of(reference.causalSoftmax, 1), [random([3, 7, 7], dtype).transpose(-1, -2)]);
    expect(causalSoftmax(random([0, 4, 4], dtype), 1).shape).toEqual([0, 4, 4]);
  });
  check('a NaN that is seen spreads over its row, one that is hidden does not', () => {
    const scores = tensor([
      [0, Number.NaN],
      [0, Number.NaN],
    ]).to(dtype);
    expect(causalSoftmax(scores, 1).toNumbers()).toEqual([1, 0, Number.NaN, Number.NaN]);
  });
  check('documents one after another', () => {
    const starts = tensor(BigInt64Array.from([0, 0, 0, 3, 3, 5, 5, 5, 0, 1, 1, 1, 1, 1, 1, 7].map(BigInt)), [2, 8]);
    const withStarts =
      (softmax: typeof causalSoftmax): Operation =>
      scores =>
        softmax(scores, 0.5, starts);
    for (const queries of [8, 3]) {
      compare(withStarts(causalSoftmax), withStarts(reference.causalSoftmax), [random([2, 3, queries, 8], dtype, 4)]);
    }
    const [first] = causalSoftmax(random([2, 1, 8, 8], dtype), 1, starts)
      .select(1, 0)
      .unbind();
    expect(
      first
        .select(0, 4)
        .toNumbers()
        .map(p => p > 0),
    ).toEqual([false, false, false, true, true, false, false, false]);
    const late = tensor(BigInt64Array.from([0n, 2n]), [1, 2]);
    expect(() => causalSoftmax(random([1, 2, 2], dtype), 1, late)).toThrow(
      'position 1 is in a document that starts at 2',
    );
  });
  check('more queries than keys', () => {
    expect(() => causalSoftmax(random([3, 2], dtype), 1)).toThrow('no more queries than keys');
  });
});

describe.each(dtypes)('layer norm in %s', dtype => {
  const of =
    (norm: typeof layerNorm, result?: DType): Operation =>
    (x, weight, bias) =>
      norm(x, weight, bias, 1e-5, result);
  const inputs = (shape: number[], x: Tensor = random(shape, dtype)): Tensor[] => [
    x.add(3).to(dtype),
    random([shape.at(-1)!]),
    random([shape.at(-1)!]),
  ];

  check('values and gradients', () => {
    for (const size of sizes.filter(size => size > 1)) {
      for (const rows of [1, 5, 200]) compare(of(layerNorm), of(reference.layerNorm), inputs([rows, size]));
    }
  });
  it.each(dtypes)('a result in %s', result =>
    scope(() => {
      manualSeed(1);
      compare(of(layerNorm, result), of(reference.layerNorm), inputs([2, 3, 33]));
      expect(layerNorm(random([2, 8], dtype), random([8]), random([8]), 1e-5, result).dtype).toBe(result);
    }));
  check('other strides, no rows', () => {
    compare(of(layerNorm), of(reference.layerNorm), inputs([5, 4, 17], strided(random([5, 4, 17], dtype))));
    const [y, , weight] = resultAndGradients(of(layerNorm), inputs([0, 6]));
    expect(y.shape).toEqual([0, 6]);
    expect(weight.toNumbers()).toEqual(new Array(6).fill(0));
  });
  check('equal elements, and NaN', () => {
    const ones = tensor([1, 1, 1]);
    const x = tensor([
      [2, 2, 2],
      [1, Number.NaN, 2],
    ]).to(dtype);
    expect(layerNorm(x, ones, ones, 1e-5).toNumbers()).toEqual([1, 1, 1, Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe('a linear map of few rows', () => {
  it.each([
    [1, 7, 5],
    [2, 16, 9],
    [3, 33, 4],
    [4, 100, 31],
    [5, 768, 3],
    [6, 1, 2],
    [7, 40, 70],
    [8, 96, 257],
  ])('%i rows, %i → %i', (rows, inside, outside) => {
    inferenceMode(() => {
      const [x, weight, bias] = [randn([rows, inside]), randn([outside, inside]), randn([outside])];
      expectClose(linear(x, weight, bias), reference.linear(x, weight, bias));
      const alone = linear(x.narrow(0, rows - 1, 1), weight);
      const together = linear(x, weight).narrow(0, rows - 1, 1);
      expect(alone.sub(together).abs().amax().item()).toBe(0);
    });
  });

  it('more rows, other types, and gradients take the usual way', () => {
    const [x, weight] = [randn([3, 8]), randn([4, 8])];
    weight.requiresGrad = true;
    backward(linear(x, weight).sum());
    expectClose(weight.grad!, x.sum([0]).expand([4, 8]));
    inferenceMode(() => {
      expect(linear(randn([3, 3, 8]), weight).shape).toEqual([3, 3, 4]);
      expect(linear(x.to('bfloat16'), weight.to('bfloat16')).dtype).toBe('bfloat16');
      expect(linear(randn([0, 8]), weight).shape).toEqual([0, 4]);
      const turned = randn([8, 4]).t();
      expectClose(linear(x, turned), reference.linear(x, turned));
    });
  });
});

describe('the reference is right', () => {
  const random64 = (shape: number[]): Tensor => randn(shape).to('float64');
  check('gelu', () => compareDifferences(reference.geluTanh, [random64([9])]));
  check('cross-entropy', () => {
    const targets = tensor(BigInt64Array.of(2n, -100n, 0n), [3]);
    compareDifferences(logits => reference.crossEntropy(logits, targets), [random64([3, 5])]);
  });
  check('causal softmax', () => compareDifferences(x => reference.causalSoftmax(x, 0.7), [random64([2, 3, 4])]));
  check('layer norm', () => {
    const inputs = [random64([3, 5]), random64([5]), random64([5])];
    compareDifferences((x, weight, bias) => reference.layerNorm(x, weight, bias, 1e-5), inputs);
  });
});

describe('AdamW', () => {
  const shapes = [[1], [3, 7], [33], [130, 257], [0, 4]];
  const lists = (seed: number): AdamWUpdate => {
    manualSeed(seed);
    const some = (): Tensor[] => shapes.map(shape => randn(shape));
    return {
      parameters: some(),
      gradients: some(),
      means: some(),
      squares: some().map(x => x.square()),
      weightDecay: [0, 0.1, 0, 0.1, 0.1],
      lr: 0.01,
      betas: [0.9, 0.95],
      eps: 1e-8,
      step: 3,
      gradScale: 0.5,
    };
  };
  const updated = ({ parameters, means, squares }: AdamWUpdate): Tensor[] => [...parameters, ...means, ...squares];

  check('the same as the reference', () => {
    const [fused, plain] = [lists(2), lists(2)];
    adamWUpdate(fused);
    reference.adamWUpdate(plain);
    for (const [i, value] of updated(fused).entries()) expectClose(value, updated(plain)[i]);
  });
  check('weights kept transposed, gradients laid out otherwise', () => {
    const transposed = (update: AdamWUpdate): AdamWUpdate => ({
      ...update,
      parameters: update.parameters.map(strided),
      means: update.means.map(strided),
      squares: update.squares.map(strided),
    });
    const [fused, plain] = [transposed(lists(3)), lists(3)];
    adamWUpdate(fused);
    reference.adamWUpdate(plain);
    for (const [i, value] of updated(fused).entries()) expectClose(value, updated(plain)[i]);
  });
  check('any number of threads gives the same bits', () => {
    expectSameForAnyThreads(() => {
      const update = lists(4);
      adamWUpdate(update);
      return [...updated(update), gradNorm(update.gradients)];
    });
  });
  check('tensors of different shapes', () => {
    const update = lists(5);
    expect(() => adamWUpdate({ ...update, gradients: update.gradients.toReversed() })).toThrow('tensors of one shape');
  });
});

describe('the norm of gradients', () => {
  check('the same as the reference, for any strides', () => {
    const gradients = [random([3, 7]), random([33]), random([200, 200]), random([5, 6]).narrow(1, 1, 3)];
    expectClose(gradNorm(gradients), reference.gradNorm(gradients).to('float64'), 'float32');
    expectClose(gradNorm(gradients.map(strided)), gradNorm(gradients), 'float32');
  });
  check('of NaN, and of squares beyond float32', () => {
    expect(gradNorm([tensor([1, Number.NaN])]).item()).toBeNaN();
    expect(gradNorm([tensor([3e30, 4e30])]).item() / 5e30).toBeCloseTo(1, 6);
  });
});

check('second derivatives are refused, not wrong', () => {
  const x = random([4]);
  x.requiresGrad = true;
  expect(() => backward(geluTanh(x).sum(), { createGraph: true })).toThrow('first derivatives only');
});
