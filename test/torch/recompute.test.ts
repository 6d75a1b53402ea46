import { describe, expect, it } from 'vitest';
import {
  autocast,
  backward,
  dropout,
  grad,
  inferenceMode,
  manualSeed,
  memoryStats,
  noGrad,
  rand,
  randn,
  recompute,
  resetPeakMemory,
  rngState,
  scope,
  type Tensor,
  TorchError,
  tensor,
  withSeed,
} from '../../src/torch/index.ts';

const leaf = (shape: readonly number[], seed: number): Tensor => {
  const result = withSeed(seed, () => randn(shape));
  result.requiresGrad = true;
  return result;
};

/** Loss and gradients of a network of some layers, with or without recomputation of each. */
function train(layers: number, isRecomputed: boolean, part: (x: Tensor, w: Tensor) => Tensor, size = 8) {
  return scope(() => {
    manualSeed(7);
    const input = leaf([size, size], 1);
    const weights = Array.from({ length: layers }, (_, i) => leaf([size, size], i + 2));
    let x: Tensor = input;
    for (const w of weights) {
      x = isRecomputed ? recompute(([y]) => part(y, w), [x], { parameters: [w] }) : part(x, w);
    }
    const loss = x.square().mean();
    backward(loss);
    return {
      loss: loss.item(),
      gradients: [input, ...weights].map(({ grad }) => grad!.toNumbers()),
      after: rand([1]).item(),
    };
  });
}

const block = (x: Tensor, w: Tensor): Tensor => x.add(x.matmul(w).tanh().mul(0.5));

describe('recompute', () => {
  it('gives the same results and gradients, to the last bit', () => {
    expect(train(4, true, block)).toEqual(train(4, false, block));
  });

  it('draws the same random numbers in both passes, and leaves the generator where it would have been', () => {
    const noisy = (x: Tensor, w: Tensor) => dropout(block(x, w), 0.4, true);
    const plain = train(3, false, noisy);
    expect(train(3, true, noisy)).toEqual(plain);
    expect(plain.loss).not.toBe(train(3, false, block).loss);
  });

  it('computes in the same element type in both passes, and leaves no cast weight behind', () => {
    const run = (isRecomputed: boolean) =>
      scope(() => {
        const [x, w] = [leaf([4, 4], 1), leaf([4, 4], 2)];
        const dtypes: string[] = [];
        const body = ([y]: readonly Tensor[]): Tensor => {
          const product = y.to('bfloat16').matmul(w.to('bfloat16'));
          dtypes.push(product.dtype);
          return product;
        };
        const loss = autocast('bfloat16', () =>
          (isRecomputed ? recompute(body, [x], { parameters: [w] }) : body([x])).to('float32').sum(),
        );
        backward(loss);
        return { gradients: [x, w].map(({ grad }) => grad!.toNumbers()), dtypes: new Set(dtypes) };
      });
    expect(run(true)).toEqual(run(false));
  });

  it('keeps what goes in and what comes out alone until the gradient comes back', () => {
    const wide = (x: Tensor, w: Tensor) => [1, 2, 3, 4, 5, 6].reduce(y => y.matmul(w).tanh(), x).mul(0.1);
    const peak = (isRecomputed: boolean): number => {
      const before = memoryStats().liveBytes;
      resetPeakMemory();
      train(8, isRecomputed, wide, 128);
      expect(memoryStats().liveBytes).toBe(before);
      return memoryStats().peakBytes - before;
    };
    expect(peak(true)).toBeLessThan(0.6 * peak(false));
  });

  it('holds its inputs itself: a scope may have freed them by then', () => {
    const w = leaf([3, 3], 1);
    const run = (isRecomputed: boolean) => {
      w.grad = undefined;
      scope(() => {
        const loss = scope(() => {
          const [a, mask] = [tensor([[1, 2, 3]]), tensor([[1, 0, 1]])];
          const body = ({ x, masks }: { x: Tensor; masks: Tensor[] }) => x.mul(masks[0]).matmul(w).tanh();
          const inputs = { x: a, masks: [mask] };
          return (isRecomputed ? recompute(body, inputs, { parameters: [w] }) : body(inputs)).sum();
        });
        backward(loss);
      });
      return scope(() => w.grad!.toNumbers());
    };
    expect(run(true)).toEqual(run(false));
  });

  it('takes and gives any arrangement of tensors, also integers and the input itself', () =>
    scope(() => {
      const [x, w] = [leaf([2, 3], 1), leaf([2, 3], 2)];
      const body = ({ a, scale, rest }: { a: Tensor; scale: number; rest: { b: Tensor }[] }) => ({
        sum: a.mul(scale).add(rest[0].b),
        same: a,
        best: { index: a.argmax({ dim: 1 }), unused: undefined as Tensor | undefined },
        product: [a.mul(rest[0].b)],
      });
      const results = recompute(body, { a: x, scale: 3, rest: [{ b: w }] });
      expect(results.best.index.dtype).toBe('int64');
      expect(results.best.index.requiresGrad).toBe(false);
      expect(results.best.unused).toBeUndefined();
      expect(results.same.toNumbers()).toEqual(x.toNumbers());
      backward(results.sum.sum().add(results.same.sum()).add(results.product[0].sum()));
      // 3 + 1 + b, and 1 + a
      const close = (found: Tensor, wanted: Tensor) => expect(found.sub(wanted).abs().amax().item()).toBeLessThan(1e-6);
      close(x.grad!, w.detach().add(4));
      close(w.grad!, x.detach().add(1));
    }));

  it('gives gradients of parameters when no input has one, and of inputs when asked for them alone', () =>
    scope(() => {
      const [x, w] = [tensor([[1, 2]]), leaf([2, 2], 1)];
      backward(recompute(([y]) => y.matmul(w).square(), [x], { parameters: [w] }).sum());
      const gradient = w.grad!;
      w.grad = undefined;
      const [again] = grad(recompute(([y]) => y.matmul(w).square(), [x], { parameters: [w] }).sum(), [w]);
      expect(again!.toNumbers()).toEqual(gradient.toNumbers());
      expect(w.grad).toBeUndefined();
      expect(recompute(([y]) => y.add(1), [x]).requiresGrad).toBe(false);
    }));

  it('may hold other recomputations', () => {
    const nested = (isRecomputed: boolean) => (x: Tensor, w: Tensor) =>
      [1, 2].reduce(y => (isRecomputed ? recompute(([z]) => block(z, w), [y], { parameters: [w] }) : block(y, w)), x);
    expect(train(3, true, nested(true))).toEqual(train(3, false, nested(false)));
  });

  it('runs its body once where no gradient is wanted', () =>
    scope(() => {
      const x = leaf([2], 1);
      for (const mode of [noGrad, inferenceMode]) {
        let calls = 0;
        const y = mode(() =>
          recompute(
            ([z]) => {
              calls++;
              return z.mul(2);
            },
            [x],
          ),
        );
        expect([calls, y.requiresGrad]).toEqual([1, false]);
      }
    }));

  it('goes back twice only with retainGraph, and not to second derivatives', () =>
    scope(() => {
      const x = leaf([2], 1);
      const make = () => recompute(([y]) => y.square(), [x]).sum();
      const once = make();
      backward(once, { retainGraph: true });
      const first = x.grad!.toNumbers();
      backward(once);
      expect(x.grad!.toNumbers()).toEqual(first.map(value => 2 * value));
      expect(() => backward(once)).toThrow(/retainGraph/);
      expect(() => grad(make(), [x], { createGraph: true })).toThrow(/first derivatives/);
    }));
});

describe('an error inside recompute', () => {
  /** A body that throws when it is run the second time, with the generator's state before. */
  const failing = (throws: () => unknown) => {
    let calls = 0;
    return ([y]: readonly Tensor[]): Tensor => {
      rand([3]);
      const z = y.matmul(y);
      if (++calls === 2) throws();
      return z;
    };
  };

  it.each([
    ['of libtorch', () => randn([2, 3]).matmul(randn([2, 3])), /matmul/],
    [
      'of the body',
      () => {
        throw new RangeError('the body is tired');
      },
      /the body is tired/,
    ],
    [
      'that is no object',
      () => {
        throw 'just text';
      },
      /no object/,
    ],
  ])('%s is one error of backward, and frees everything', (_, throws, message) => {
    const x = leaf([3, 3], 1);
    const before = memoryStats();
    for (let i = 0; i < 3; i++) {
      let error: unknown;
      scope(() => {
        const inner = recompute(failing(throws), [x]);
        const outer = recompute(([y]) => y.add(1), [inner]);
        const loss = outer.sum();
        const state = rngState().toNumbers();
        try {
          backward(loss);
        } catch (thrown) {
          error = thrown;
        }
        expect(rngState().toNumbers()).toEqual(state);
      });
      expect(error).toBeInstanceOf(TorchError);
      expect(String(error)).toMatch(/^\w*Error: backward\(float32\[\]\): /);
      expect(String(error)).toMatch(message);
    }
    const { liveBytes, tensors } = memoryStats();
    expect({ liveBytes, tensors }).toEqual({ liveBytes: before.liveBytes, tensors: before.tensors });
    // Gradients work as before.
    scope(() => backward(recompute(([y]) => y.square(), [x]).sum()));
    scope(() => expect(x.grad!.toNumbers()).toEqual(x.mul(2).toNumbers()));
    x.dispose();
  });

  it('keeps its cause', () =>
    scope(() => {
      const reason = new RangeError('why');
      const x = leaf([2, 2], 1);
      const y = recompute(
        failing(() => {
          throw reason;
        }),
        [x],
      );
      expect(() => backward(y.sum())).toThrow(expect.objectContaining({ cause: reason }));
    }));

  it('in the first pass goes straight to the caller', () => {
    const before = memoryStats().tensors;
    const x = leaf([2], 1);
    expect(() => recompute(([y]) => y.matmul(tensor([1, 2, 3])), [x])).toThrow(TorchError);
    x.dispose();
    expect(memoryStats().tensors).toBe(before);
  });

  it('names a body that does not do the same twice', () =>
    scope(() => {
      let calls = 0;
      const x = leaf([2], 1);
      const results = recompute(([y]) => Array.from({ length: ++calls }, () => y.mul(2)), [x]);
      expect(() => backward(results[0].sum())).toThrow(/gave 1 tensors and then 2/);
    }));

  it('says so when an input was changed in between', () =>
    scope(() => {
      const x = leaf([2], 1).mul(1);
      const y = recompute(([z]) => z.square(), [x]);
      noGrad(() => x.add_(1));
      expect(() => backward(y.sum())).toThrow(/modified by an inplace operation/);
    }));
});
