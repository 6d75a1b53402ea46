import { describe, expect, it } from 'vitest';
import { createModel } from '../../../src/models/auto.ts';
import { emptyParameter, type Parameter } from '../../../src/nn/module.ts';
import { fromTypedArray, type Tensor } from '../../../src/torch/index.ts';
import { adamW, clipGradNorm } from '../../../src/train/optimizers/adamw.ts';
import { itAgreesWithRecorded } from '../../helpers/optimizers.ts';

const tensor = (values: number[], shape: readonly number[]): Tensor => fromTypedArray(Float32Array.from(values), shape);

function parameter(values: number[], shape: readonly number[], gradient?: number[]): Parameter {
  const result = emptyParameter(shape);
  result.replace(tensor(values, shape));
  if (gradient) result.grad = tensor(gradient, shape);
  return result;
}

/** Algorithm 2 of the paper, with the schedule multiplier 1 and decay lr·λ as every implementation has it. */
function reference(
  values: number[],
  gradients: number[][],
  { lr, betas, eps, decay }: { lr: number; betas: [number, number]; eps: number; decay: number },
): number[] {
  return values.map((start, i) => {
    let [p, m, v] = [start, 0, 0];
    for (const [t, gradient] of gradients.entries()) {
      m = betas[0] * m + (1 - betas[0]) * gradient[i];
      v = betas[1] * v + (1 - betas[1]) * gradient[i] ** 2;
      const mHat = m / (1 - betas[0] ** (t + 1));
      const vHat = v / (1 - betas[1] ** (t + 1));
      p = p - lr * (mHat / (Math.sqrt(vHat) + eps) + decay * p);
    }
    return p;
  });
}

const options = { betas: [0.9, 0.95] as [number, number], eps: 1e-8, weightDecay: 0.1 };

describe('AdamW', () => {
  itAgreesWithRecorded('adamw', adamW); // with scaleParameter

  it('updates as the paper says, decaying matrices only', () => {
    const values = [0.5, -0.25, 1, -2];
    const gradients = [
      [0.1, -0.2, 0.3, 0],
      [0.05, 0.1, -0.3, 0],
      [-0.4, 0.2, 0.1, 0],
    ];
    const matrix = parameter(values, [2, 2]);
    const vector = parameter(values, [4]);
    const optimizer = adamW(Object.entries({ matrix, vector }), options);
    for (const gradient of gradients) {
      matrix.grad = tensor(gradient, [2, 2]);
      vector.grad = tensor(gradient, [4]);
      optimizer.step(0.01);
    }
    const expected = (decay: number) => reference(values, gradients, { ...options, lr: 0.01, decay });
    for (const [i, value] of expected(0.1).entries()) expect(matrix.toNumbers()[i]).toBeCloseTo(value, 6);
    for (const [i, value] of expected(0).entries()) expect(vector.toNumbers()[i]).toBeCloseTo(value, 6);
    // The last element had no gradient at all: decay alone moves it, or nothing.
    expect(matrix.toNumbers()[3]).toBeCloseTo(-2 * (1 - 0.001) ** 3, 6);
    expect(vector.toNumbers()[3]).toBe(-2);
  });

  it('decays the matrices of a GPT, and neither its norms nor its biases', () => {
    const model = createModel('gpt2', { layers: 2, hidden: 8, heads: 2, context: 4, vocabSize: 11 }, { seed: 1 });
    const named = [...model.namedParameters()];
    const before = new Map(named.map(([name, value]) => [name, value.toNumbers()]));
    const optimizer = adamW(named, options);
    for (const [, value] of named) value.grad = tensor(new Array(value.numel).fill(0), value.shape);
    optimizer.step(0.5);
    for (const [name, value] of named) {
      const factor = /[nN]orm\.|bias$/.test(name) ? 1 : 1 - 0.5 * 0.1;
      const wanted = before.get(name)!.map(v => v * factor);
      for (const [i, number] of value.toNumbers().entries()) expect(number, name).toBeCloseTo(wanted[i], 6);
    }
    optimizer.dispose();
  });

  it('leaves a parameter without a gradient alone', () => {
    const used = parameter([1, 1], [1, 2], [1, 1]);
    const unused = parameter([1, 1], [1, 2]);
    adamW(Object.entries({ used, unused }), options).step(0.1);
    expect(unused.toNumbers()).toEqual([1, 1]);
    expect(used.toNumbers()[0]).toBeLessThan(1);
  });

  it('goes on from a saved state as if it had not been interrupted', () => {
    const gradients = [0.3, -0.1, 0.7, 0.2].map(value => [value, -value]);
    const run = (weight: Parameter, optimizer: ReturnType<typeof adamW>, part: number[][]) => {
      for (const gradient of part) {
        weight.grad = tensor(gradient, [1, 2]);
        optimizer.step(0.01);
      }
    };
    const straight = parameter([1, 2], [1, 2]);
    run(straight, adamW([['w', straight]], options), gradients);

    const begun = parameter([1, 2], [1, 2]);
    const first = adamW([['w', begun]], options);
    run(begun, first, gradients.slice(0, 2));
    expect([...first.state().keys()]).toEqual(['w.exp_avg', 'w.exp_avg_sq']);
    const second = adamW([['w', begun]], options);
    second.load(first.state(), 2);
    run(begun, second, gradients.slice(2));
    expect(begun.toNumbers()).toEqual(straight.toNumbers());
  });
});

describe('clipping', () => {
  const parameters = () => [parameter([0, 0], [2], [3, 0]), parameter([0], [1], [4])];

  it('measures the joint norm and scales down to the limit, as torch.nn.utils.clip_grad_norm_ does', () => {
    const { norm, scale } = clipGradNorm(parameters(), 1);
    expect(norm).toBeCloseTo(5, 6);
    expect(scale).toBeCloseTo(1 / (5 + 1e-6), 6);
  });

  it('never scales up, and 0 is no limit', () => {
    expect(clipGradNorm(parameters(), 7).scale).toBe(1);
    expect(clipGradNorm(parameters(), 0)).toEqual({ norm: expect.closeTo(5, 6), scale: 1 });
  });

  it('scales what the optimizer sees', () => {
    const [scaled, small] = [parameter([1, 1], [1, 2], [6, 8]), parameter([1, 1], [1, 2], [0.6, 0.8])];
    const optimizers = [adamW([['w', scaled]], { eps: 1 }), adamW([['w', small]], { eps: 1 })];
    optimizers[0].step(0.1, 0.1);
    optimizers[1].step(0.1);
    for (const i of [0, 1]) expect(scaled.toNumbers()[i]).toBeCloseTo(small.toNumbers()[i], 6);
  });
});
