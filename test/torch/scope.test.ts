import { describe, expect, it } from 'vitest';
import { dispose, keep, memoryStats, ones, scope, type Tensor, tensor, zeros } from '../../src/torch/index.ts';

const count = (): number => memoryStats().tensors;
const isFreed = (x: Tensor): boolean => x.handle < 0;

describe('scope', () => {
  it('frees what it does not return', () => {
    const before = memoryStats();
    let inner: Tensor | undefined;
    const result = scope(() => {
      inner = zeros([1000]);
      return inner.add(1);
    });
    expect(isFreed(inner!)).toBe(true);
    expect(result.sum().item()).toBe(1000);
    expect(memoryStats().liveBytes - before.liveBytes).toBeLessThan(8200);
    dispose(result);
  });

  it('finds tensors in arrays and plain objects, however deep', () => {
    const before = count();
    const result = scope(() => {
      zeros([1]);
      return { list: [zeros([1]), [{ deep: ones([1]) }]], number: 3, none: null, map: new Map([['x', zeros([1])]]) };
    });
    expect(count() - before).toBe(2);
    expect(isFreed(result.map.get('x')!)).toBe(true); // only arrays and plain objects are looked into
    dispose(result);
    expect(count()).toBe(before);
  });

  it('hands results to the scope around it', () => {
    const before = count();
    let middle: Tensor | undefined;
    scope(() => {
      middle = scope(() => scope(() => zeros([2])));
      expect(isFreed(middle)).toBe(false);
    });
    expect(isFreed(middle!)).toBe(true);
    expect(count()).toBe(before);
  });

  it('leaves tensors from outside alone, returned or not', () => {
    const outer = zeros([1]);
    scope(() => outer);
    scope(() => {
      outer.add_(1);
    });
    expect(outer.item()).toBe(1);
    outer.dispose();
  });

  it('frees everything when the body throws', () => {
    const before = count();
    expect(() =>
      scope(() => {
        zeros([1]);
        scope(() => {
          zeros([1]);
          throw new Error('stop');
        });
      }),
    ).toThrow('stop');
    expect(count()).toBe(before);
    scope(() => zeros([1]).item());
    expect(count()).toBe(before);
  });

  it('refuses a promise, and frees all the same', () => {
    const before = count();
    expect(() => scope(async () => zeros([1]))).toThrow(/cannot wait for a promise/);
    expect(count()).toBe(before);
  });

  it('does not free what was freed or kept inside', () => {
    const before = count();
    let kept: Tensor | undefined;
    scope(() => {
      zeros([1]).dispose();
      kept = keep(scope(() => keep(ones([1]))));
    });
    expect(kept!.item()).toBe(1);
    kept!.dispose();
    kept!.dispose();
    expect(count()).toBe(before);
  });

  it('frees more tensors than one call takes', () => {
    const before = count();
    scope(() => {
      const x = zeros([1]);
      for (let i = 0; i < 70_000; i++) x.detach();
    });
    expect(count()).toBe(before);
  });
});

describe('outside every scope', () => {
  it('using and dispose free', () => {
    const before = count();
    {
      using x = tensor([1]);
      expect(x.item()).toBe(1);
    }
    dispose([zeros([1]), { x: zeros([1]) }, 'text', null, undefined]);
    expect(count()).toBe(before);
  });

  it('reading elements leaves no tensors behind', () => {
    using x = tensor([[1, 2]], { dtype: 'bfloat16' });
    const before = count();
    x.toNumbers();
    x.toArray();
    String(x);
    expect(count()).toBe(before);
  });
});
