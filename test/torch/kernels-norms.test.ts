/** The norms beside the compositions of libtorch's operators, alone and with their input passed on. */
import { describe, expect, it } from 'vitest';
import { LayerNorm, RMSNorm } from '../../src/nn/index.ts';
import {
  backward,
  cat,
  type DType,
  inferenceMode,
  manualSeed,
  noGrad,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../../src/torch/index.ts';
import { layerNorm, layerNormResidual, reference, rmsNorm, rmsNormResidual } from '../../src/torch/kernels.ts';
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

interface Kind {
  name: string;
  /** Weight, or weight and bias. */
  parameters: number;
  plain: (of: typeof kernels | typeof reference, dtype?: DType) => Operation;
  residual: (of: typeof kernels | typeof reference, dtype?: DType) => (...inputs: Tensor[]) => [Tensor, Tensor];
}

const kernels = { layerNorm, layerNormResidual, rmsNorm, rmsNormResidual };
const rms = (name: string, offset: boolean): Kind => ({
  name,
  parameters: 1,
  plain: (of, dtype) => (x, weight) => of.rmsNorm(x, weight, { eps: 1e-5, offset, dtype }),
  residual: (of, dtype) => (x, weight) => of.rmsNormResidual(x, weight, { eps: 1e-5, offset, dtype }),
});
const kinds: Kind[] = [
  {
    name: 'layer norm',
    parameters: 2,
    plain: (of, dtype) => (x, weight, bias) => of.layerNorm(x, weight, bias, 1e-5, dtype),
    residual: (of, dtype) => (x, weight, bias) => of.layerNormResidual(x, weight, bias, 1e-5, dtype),
  },
  rms('RMS norm', false),
  rms('RMS norm with an offset', true),
];

/** Both results as one, in the narrower of their types. */
const joined =
  (residual: (...inputs: Tensor[]) => [Tensor, Tensor]): Operation =>
  (...inputs) => {
    const parts = residual(...inputs);
    const dtype = parts.some(part => part.dtype === 'bfloat16') ? 'bfloat16' : 'float32';
    return cat(
      parts.map(part => part.to(dtype)),
      0,
    );
  };

const same = (actual: Tensor, expected: Tensor): void => expect(actual.toNumbers()).toEqual(expected.toNumbers());

describe.each(kinds)('$name', kind => {
  const inputs = (shape: number[], dtype: DType, parameters: DType = 'float32'): Tensor[] => [
    random(shape).add(1).to(dtype),
    ...Array.from({ length: kind.parameters }, () => random([shape.at(-1)!], parameters)),
  ];
  const widths = sizes.filter(size => size > 1);

  describe.each(dtypes)('of %s', dtype => {
    check('values and gradients', () => {
      for (const size of widths) {
        for (const rows of [1, 5, 200]) {
          compare(kind.plain(kernels), kind.plain(reference), inputs([rows, size], dtype));
          compare(joined(kind.residual(kernels)), joined(kind.residual(reference)), inputs([rows, size], dtype));
        }
      }
    });
    check('one column: a gradient is what rounding leaves, and ε', () => {
      const given = inputs([5, 1], dtype);
      const wide = given.map(x => x.to('float32'));
      const weights = randn([5, 1]).to(dtype).to('float32');
      const [y, dx] = resultAndGradients(kind.plain(kernels), given, weights);
      const [expected, slopes] = resultAndGradients(kind.plain(reference), wide, weights);
      expectClose(y, expected);
      for (const error of dx.to('float32').sub(slopes).toNumbers()) expect(Math.abs(error)).toBeLessThan(1e-4);
    });
    check('more rows than a thread takes', () => {
      compare(joined(kind.residual(kernels)), joined(kind.residual(reference)), inputs([700, 130], dtype));
    });
    it.each(
      dtypes.flatMap(parameters => dtypes.map(result => [parameters, result])),
    )('parameters in %s, a result in %s', (parameters, result) =>
      scope(() => {
        manualSeed(1);
        const given = inputs([2, 3, 33], dtype, parameters);
        // Llama rounds on the way to a wide result, too.
        const rounds = [dtype, parameters, result].includes('bfloat16') ? 'bfloat16' : undefined;
        compare(kind.plain(kernels, result), kind.plain(reference), given, rounds);
        compare(joined(kind.residual(kernels, result)), joined(kind.residual(reference)), given, rounds);
        const [residual, normed] = kind.residual(kernels, result)(...given);
        expect([residual.dtype, normed.dtype]).toEqual([dtype, result]);
      }));
    check('other strides, no rows', () => {
      const [x, ...parameters] = inputs([5, 4, 17], dtype);
      compare(kind.plain(kernels), kind.plain(reference), [strided(x), ...parameters]);
      compare(joined(kind.residual(kernels)), joined(kind.residual(reference)), [strided(x), ...parameters]);
      const [y, , weight] = resultAndGradients(kind.plain(kernels), inputs([0, 6], dtype));
      expect(y.shape).toEqual([0, 6]);
      expect(weight.toNumbers()).toEqual(new Array(6).fill(0));
      expect(kind.plain(kernels)(...inputs([3, 0], dtype)).shape).toEqual([3, 0]);
    });
    check('gradients laid out otherwise', () => {
      const transposed =
        (operation: Operation): Operation =>
        (...given) =>
          operation(...given).transpose(0, 1);
      const of = (from: typeof kernels | typeof reference): Operation => transposed(joined(kind.residual(from)));
      compare(of(kernels), of(reference), inputs([5, 17], dtype));
    });
    check('NaN stays in its row', () => {
      const x = zeros([2, 40]).add(1).to(dtype);
      x.narrow(0, 1, 1).narrow(1, 35, 1).fill_(Number.NaN);
      const numbers = kind
        .plain(kernels)(x, ...inputs([1, 40], dtype).slice(1))
        .toNumbers();
      expect(numbers.map(Number.isNaN)).toEqual(Array.from({ length: 80 }, (_, i) => i >= 40));
    });
    check('any number of threads gives the same bits', () => {
      const given = inputs([300, 257], dtype);
      const weights = randn([600, 257]);
      expectSameForAnyThreads(() => resultAndGradients(joined(kind.residual(kernels)), given, weights));
    });
    check('without gradients', () => {
      const given = inputs([4, 33], dtype);
      given[1].requiresGrad = true;
      const expected = noGrad(() => kind.plain(reference)(...given.map(x => x.to('float32'))));
      for (const mode of [noGrad, inferenceMode]) {
        mode(() => {
          const [residual, normed] = kind.residual(kernels)(...given);
          same(residual, given[0]);
          expectClose(normed, expected);
          expectClose(kind.plain(kernels)(...given), expected);
          expect([residual, normed].some(x => x.requiresGrad)).toBe(false);
        });
      }
    });
    check('only one of the two results is used', () => {
      const given = inputs([4, 33], dtype);
      const weights = randn([4, 33]);
      const [, ...expected] = resultAndGradients(kind.plain(kernels), given, weights);
      const [, ...actual] = resultAndGradients((...x) => kind.residual(kernels)(...x)[1], given, weights);
      for (const [i, gradient] of actual.entries()) same(gradient, expected[i]);
      for (const tensor of given) tensor.requiresGrad = true;
      backward(kind.residual(kernels)(...given)[0], { gradient: weights.to(dtype) });
      same(given[0].grad!, weights.to(dtype));
      expect(given[1].grad).toBeUndefined();
    });
  });

  check('the residual is the input, not a copy', () => {
    const given = inputs([2, 8], 'float32');
    const [residual] = kind.residual(kernels)(...given);
    given[0].fill_(5);
    expect(residual.toNumbers()).toEqual(new Array(16).fill(5));
  });
  check('the reference is right', () => {
    const given = inputs([3, 5], 'float64', 'float64');
    compareDifferences(kind.plain(reference), given);
    compareDifferences((...x) => cat(kind.residual(reference)(...x), 0), given);
  });
  check('shapes that do not fit, second derivatives', () => {
    const [x, ...parameters] = inputs([3, 5], 'float32');
    const narrow = parameters.map(parameter => parameter.narrow(0, 0, 4));
    expect(() => kind.plain(kernels)(x, ...narrow)).toThrow(/(layer|rms)_norm takes x \[\.\.\., dim\]/);
    expect(() => kind.residual(kernels)(x, ...narrow)).toThrow(/(layer|rms)_norm_residual takes x \[\.\.\., dim\]/);
    x.requiresGrad = true;
    const sum = kind
      .residual(kernels)(x, ...parameters)[1]
      .sum();
    expect(() => backward(sum, { createGraph: true })).toThrow('norm_residual has first derivatives only');
  });
});

describe('RMS norm rounds where its composition does', () => {
  it.each(
    dtypes.flatMap(weight => [false, true].flatMap(offset => dtypes.map(dtype => ({ weight, offset, dtype })))),
  )('%o', ({ weight, offset, dtype }) =>
    scope(() => {
      manualSeed(1);
      const x = random([20, 512], 'bfloat16');
      const w = random([512], weight);
      const options = { eps: 1e-6, offset, dtype };
      const [actual, expected] = [rmsNorm, reference.rmsNorm].map(norm => norm(x, w, options).toNumbers());
      // The means of squares are summed in another order, so that few elements round the other way.
      const differing = actual.filter((value, i) => Math.abs(value - expected[i]) > 1e-6 * Math.abs(expected[i]));
      expect(differing.length).toBeLessThan(0.005 * actual.length);
    }));
});

check('the modules', () => {
  const modules = [new LayerNorm(16), new RMSNorm(16), new RMSNorm(16, { offset: true })];
  const x = random([2, 3, 16]);
  for (const norm of modules) {
    for (const parameter of Object.values(norm)) if (typeof parameter === 'object') parameter.data = randn([16]);
    const [residual, normed] = norm.forwardResidual(x, 'bfloat16');
    same(residual, x);
    same(normed, norm.forward(x, 'bfloat16'));
    expect(norm.forwardResidual(x)[1].dtype).toBe('float32');
  }
});

check('a type that is not compiled is composed', () => {
  const x = tensor(Float64Array.of(3, 4), [1, 2]);
  const [residual, normed] = rmsNormResidual(x, tensor(Float64Array.of(1, 1), [2]), { eps: 0, offset: false });
  expect(residual).toBe(x);
  expect(normed.toNumbers()[0]).toBeCloseTo(3 / Math.sqrt(12.5), 12);
});
