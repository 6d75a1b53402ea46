/** Tensors from JavaScript values. Factories that fill (`zeros`, `randn`, `arange`) are operators: see `ops.ts`. */
import { type DType, dtypeInfo, dtypeOfArray, type TypedArray } from './dtype.ts';
import { buffer, native } from './native.ts';
import { type Device, Tensor } from './tensor.ts';

/** A number, or nested lists of numbers of the same length. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

export interface TensorOptions {
  /** Default: the array's own type; for numbers float32. */
  dtype?: DType;
  /** Default `cpu`. */
  device?: Device;
  /** Track gradients. Default false. */
  requiresGrad?: boolean;
}

/**
 * A tensor from numbers in nested arrays, or from a typed array with a shape. Numbers become float32 unless `dtype`
 * says otherwise; a Uint16Array holds the bits of the bfloat16 or float16 that `dtype` names. The values are copied.
 *
 * @throws RangeError when nested arrays are ragged, or the shape does not fit
 */
export function tensor(data: NestedNumbers, options?: TensorOptions): Tensor;
export function tensor(data: TypedArray, shape: readonly number[], options?: TensorOptions): Tensor;
export function tensor(
  data: NestedNumbers | TypedArray,
  second?: readonly number[] | TensorOptions,
  third?: TensorOptions,
): Tensor {
  if (ArrayBuffer.isView(data)) {
    const dtype = third?.dtype;
    const stored = data instanceof Uint16Array ? dtype : undefined;
    const result = fromTypedArray(data, second as readonly number[], { dtype: stored });
    return finish(dtype === undefined ? result : result.to(dtype), third);
  }
  const options = (second as TensorOptions) ?? {};
  const dtype = options.dtype ?? 'float32';
  const shape = shapeOf(data);
  const values: number[] = [];
  flatten(data, shape, 0, values);
  const staged = stage(values, dtype);
  return finish(fromTypedArray(staged.array, shape, { dtype: staged.dtype }).to(dtype), options);
}

/** The typed array for values of `dtype`; 16-bit floats are staged as float32. */
function stage(values: number[], dtype: DType): { array: TypedArray; dtype: DType } {
  switch (dtype) {
    case 'int64':
      return { array: BigInt64Array.from(values, BigInt), dtype };
    case 'bfloat16':
    case 'float16':
    case 'float32':
      return { array: Float32Array.from(values), dtype: 'float32' };
    case 'bool':
      return { array: Uint8Array.from(values, value => (value === 0 ? 0 : 1)), dtype };
    default: {
      const array = new (dtypeInfo(dtype).array)(values.length) as Float64Array;
      array.set(values);
      return { array, dtype };
    }
  }
}

function finish(result: Tensor, { device, requiresGrad = false }: TensorOptions = {}): Tensor {
  const placed = device === undefined ? result : result.to({ device });
  if (requiresGrad) placed.requiresGrad = true;
  return placed;
}

/**
 * A tensor over a typed array's elements.
 *
 * @param options.copy false: the tensor uses the array's own memory and keeps it alive; both see each other's writes.
 *   Default true.
 * @param options.dtype a Uint8Array may hold the bytes of any type; default the array's own type
 * @throws RangeError when the shape does not fit the number of elements, TypeError when the array does not hold `dtype`
 */
export function fromTypedArray(
  array: TypedArray,
  shape: readonly number[],
  { dtype = dtypeOfArray(array), copy = true }: { dtype?: DType; copy?: boolean } = {},
): Tensor {
  const { size, array: expected, code } = dtypeInfo(dtype);
  if (!(array instanceof Uint8Array || array instanceof expected || dtypeOfArray(array) === dtype)) {
    throw new TypeError(`a ${array.constructor.name} does not hold ${dtype}`);
  }
  const needed = shape.reduce((product, length) => product * length, size);
  if (!shape.every(length => Number.isSafeInteger(length) && length >= 0) || needed !== array.byteLength) {
    throw new RangeError(`${dtype}[${shape.join(', ')}] does not fit an array of ${array.byteLength} bytes`);
  }
  buffer[0] = shape.length;
  buffer.set(shape, 1);
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return new Tensor(native().fromBytes(bytes, code, copy));
}

/**
 * int64 of whole numbers. Each is written as two halves, since a BigInt for every one takes many times as long.
 *
 * @param options.device default `cpu`
 */
export function int64Tensor(
  values: ArrayLike<number>,
  shape: readonly number[],
  { device = 'cpu' }: { device?: Device } = {},
): Tensor {
  const halves = new Int32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    halves[2 * i] = values[i]; // the lower 32 bits of it
    halves[2 * i + 1] = Math.floor(values[i] / 2 ** 32);
  }
  const bytes = new Uint8Array(halves.buffer);
  return fromTypedArray(bytes, shape, { dtype: 'int64', copy: false }).to({ device });
}

function shapeOf(data: NestedNumbers): number[] {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

function flatten(data: NestedNumbers, shape: readonly number[], dim: number, out: number[]): void {
  if (!Array.isArray(data)) {
    if (dim !== shape.length) throw new RangeError(`the nested arrays are ragged: not of shape [${shape.join(', ')}]`);
    out.push(Number(data));
    return;
  }
  if (data.length !== shape[dim]) {
    throw new RangeError(`the nested arrays are ragged: not of shape [${shape.join(', ')}]`);
  }
  for (const item of data) flatten(item, shape, dim + 1, out);
}
