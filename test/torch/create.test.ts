import { describe, expect, it } from 'vitest';
import { type DType, fromTypedArray, type NestedNumbers, tensor, zeros } from '../../src/torch/index.ts';

describe('tensor', () => {
  it('takes numbers, nested arrays and options', () => {
    expect(tensor(3).shape).toEqual([]);
    expect(tensor(3).item()).toBe(3);
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.describe()).toBe('float32[2, 3]');
    expect(x.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect([x.dim, x.numel, x.nbytes, x.size(-1)]).toEqual([2, 6, 24, 3]);
    expect(tensor([true, false, 2, 0.5], { dtype: 'bool' }).toNumbers()).toEqual([1, 0, 1, 1]);
    expect(tensor([1], { requiresGrad: true }).requiresGrad).toBe(true);
    expect(tensor([1]).requiresGrad).toBe(false);
  });

  it.each<[NestedNumbers]>([
    [[[1, 2], [3]]],
    [[1, [2]]],
    [[[1], 2]],
    [[[[1]], [[2, 3]]]],
    [[[], [1]]],
  ])('refuses the ragged %j', data => {
    expect(() => tensor(data)).toThrow(RangeError);
  });

  it.each<[DType, number[]]>([
    ['float32', [1.5, -2, 2 ** 127]],
    ['float64', [Math.PI, -1e300]],
    ['bfloat16', [1.5, -256]],
    ['float16', [1.5, -65504]],
    ['int64', [1, -(2 ** 53) + 1]],
    ['int32', [2 ** 31 - 1, -(2 ** 31)]],
    ['int16', [-32768, 32767]],
    ['int8', [-128, 127]],
    ['uint8', [0, 255]],
    ['bool', [1, 0]],
  ])('holds %s exactly', (dtype, values) => {
    const x = tensor(values, { dtype });
    expect(x.dtype).toBe(dtype);
    expect(x.toNumbers()).toEqual(values);
    expect(zeros([2], { dtype }).toNumbers()).toEqual([0, 0]);
  });

  it('converts a typed array to the type asked for', () => {
    expect(tensor(new Int32Array([1, 2]), [2], { dtype: 'float32' }).toNumbers()).toEqual([1, 2]);
    expect(tensor(new Uint8Array([1, 2]), [2], { dtype: 'int64' }).toNumbers()).toEqual([1, 2]);
    expect(tensor(new Float64Array([0.1]), [1]).dtype).toBe('float64');
    expect(tensor(new Uint16Array([0x3fc0]), [1], { dtype: 'bfloat16' }).item()).toBe(1.5);
    expect(tensor(new Uint16Array([0x3e00]), [1], { dtype: 'float16' }).item()).toBe(1.5);
  });
});

describe('fromTypedArray', () => {
  it('copies unless told otherwise', () => {
    const array = new Float32Array([1, 2, 3, 4]);
    const copied = fromTypedArray(array, [2, 2]);
    const shared = fromTypedArray(array, [4], { copy: false });
    array[0] = 9;
    expect(copied.toNumbers()[0]).toBe(1);
    expect(shared.toNumbers()[0]).toBe(9);
    shared.mul_(2);
    expect(Array.from(array)).toEqual([18, 4, 6, 8]);
  });

  it('uses a part of a buffer in its place', () => {
    const array = new Int32Array([1, 2, 3, 4]);
    const middle = fromTypedArray(array.subarray(1, 3), [2], { copy: false });
    middle.mul_(10);
    expect(Array.from(array)).toEqual([1, 20, 30, 4]);
  });

  it('reads the bytes of any type from a Uint8Array', () => {
    const bytes = new Uint8Array(new Float64Array([0.25, -1]).buffer);
    expect(fromTypedArray(bytes, [2], { dtype: 'float64' }).toNumbers()).toEqual([0.25, -1]);
  });

  it.each([
    [[3]],
    [[5]],
    [[-1, -4]],
    [[2.5, 2]],
    [[2 ** 32, 2 ** 32]],
    [[Number.NaN]],
    [[]],
  ])('refuses four elements in the shape %j', shape => {
    expect(() => fromTypedArray(new Float32Array(4), shape)).toThrow(RangeError);
    expect(() => fromTypedArray(new Float32Array(4), shape, { copy: false })).toThrow(RangeError);
  });

  it('refuses arrays that do not hold the type', () => {
    expect(() => fromTypedArray(new Int32Array(1), [1], { dtype: 'float32' })).toThrow(
      /Int32Array does not hold float32/,
    );
    expect(() => fromTypedArray(new Uint16Array(1), [1])).toThrow(/say which/);
    expect(() => fromTypedArray(new Uint32Array(1) as never, [1])).toThrow(/no element type for a Uint32Array/);
  });
});

describe('data out', () => {
  it('comes as the typed array of the element type', () => {
    expect(tensor([1], { dtype: 'int64' }).toTypedArray()).toBeInstanceOf(BigInt64Array);
    expect(tensor([1], { dtype: 'bool' }).toTypedArray()).toBeInstanceOf(Uint8Array);
    expect(tensor([1], { dtype: 'bfloat16' }).toTypedArray()).toBeInstanceOf(Float32Array);
  });

  it('is in row-major order, whatever the strides', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]).t();
    expect(x.isContiguous).toBe(false);
    expect(x.toNumbers()).toEqual([1, 3, 2, 4]);
  });

  it('is an independent copy', () => {
    const x = tensor([1, 2]);
    const array = x.toTypedArray();
    x.mul_(5);
    expect(Array.from(array as Float32Array)).toEqual([1, 2]);
  });

  it('copies into an array of the caller’s, which must fit', () => {
    const target = new Float32Array(4);
    tensor([1, 2]).copyTo(target.subarray(1, 3));
    expect(Array.from(target)).toEqual([0, 1, 2, 0]);
    expect(() => tensor([1, 2]).copyTo(new Float32Array(3))).toThrow(/8 bytes/);
    expect(() => tensor([1, 2]).item()).toThrow(RangeError);
  });

  it('converts between types as PyTorch does', () => {
    expect(tensor([1.9, -1.9]).to('int32').toNumbers()).toEqual([1, -1]);
    expect(tensor([0.5, 0]).to('bool').toNumbers()).toEqual([1, 0]);
    expect(
      tensor([1 + 2 ** -9])
        .to('bfloat16')
        .item(),
    ).toBe(1);
    const x = tensor([1]);
    expect(x.to('float32')).toBe(x);
    expect(x.to({ device: 'cpu' })).toBe(x);
    expect(x.to({ copy: true })).not.toBe(x);
  });

  it('prints small tensors with their values', () => {
    expect(String(tensor([[1, 2]]))).toBe('Tensor float32[1, 2] [[1,2]]');
    expect(String(zeros([100]))).toBe('Tensor float32[100]');
  });
});
