/** Element types: PyTorch's names, libtorch's codes, JavaScript's typed arrays and safetensors' spelling. */

export type DType =
  | 'float32'
  | 'float64'
  | 'bfloat16'
  | 'float16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'bool';

/** The typed arrays that tensors are made from. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array
  | Uint8ClampedArray;

export interface DTypeInfo {
  /** `c10::ScalarType` */
  code: number;
  /** bytes an element */
  size: number;
  /** The array that holds its elements; bfloat16 and float16 come as their 16 bits. */
  array: new (
    length: number,
  ) => TypedArray;
  safetensors: string;
}

const info: Record<DType, DTypeInfo> = {
  uint8: { code: 0, size: 1, array: Uint8Array, safetensors: 'U8' },
  int8: { code: 1, size: 1, array: Int8Array, safetensors: 'I8' },
  int16: { code: 2, size: 2, array: Int16Array, safetensors: 'I16' },
  int32: { code: 3, size: 4, array: Int32Array, safetensors: 'I32' },
  int64: { code: 4, size: 8, array: BigInt64Array, safetensors: 'I64' },
  float16: { code: 5, size: 2, array: Uint16Array, safetensors: 'F16' },
  float32: { code: 6, size: 4, array: Float32Array, safetensors: 'F32' },
  float64: { code: 7, size: 8, array: Float64Array, safetensors: 'F64' },
  bool: { code: 11, size: 1, array: Uint8Array, safetensors: 'BOOL' },
  bfloat16: { code: 15, size: 2, array: Uint16Array, safetensors: 'BF16' },
};

const byCode = new Map(Object.entries(info).map(([name, { code }]) => [code, name as DType]));

/** The element types under PyTorch's names. */
export const dtypes = Object.keys(info) as DType[];
/** Size and codes of an element type. */
export const dtypeInfo = (dtype: DType): DTypeInfo => info[dtype];
export const dtypeCode = (name: string): number | undefined => info[name as DType]?.code;

export function dtypeOfCode(code: number): DType {
  const dtype = byCode.get(code);
  if (dtype === undefined) throw new Error(`libtorch's element type ${code} has no name here`);
  return dtype;
}

/** True for float16, bfloat16, float32 and float64. */
export const isFloatingPoint = (dtype: DType): boolean => dtype.includes('float');

/** The element type that a typed array holds by itself. */
export function dtypeOfArray(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof BigInt64Array) return 'int64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Int16Array) return 'int16';
  if (array instanceof Int8Array) return 'int8';
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return 'uint8';
  if (array instanceof Uint16Array) {
    throw new TypeError("a Uint16Array may hold bfloat16 or float16 bits: say which with { dtype: 'bfloat16' }");
  }
  throw new TypeError(`libtorch has no element type for a ${(array as object).constructor.name}`);
}
