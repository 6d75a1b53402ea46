/**
 * Tensors as files store them: element types under safetensors' names, those that libtorch lacks included, and bytes of
 * a mapped file to a tensor. What libtorch cannot hold is widened on reading where that is exact: float8 and
 * float4 to float32, unsigned 16, 32 and 64 bits to int32 and int64. The rest (complex, six bits, …) is an error once it is read.
 */
import { UserError } from '../support/errors.ts';
import { fromTypedArray } from './create.ts';
import { type DType, dtypeInfo, dtypes, type TypedArray } from './dtype.ts';
import { decodeE2M1, decodeE8M0, decodeFloat8 } from './float8.ts';
import { scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

export interface StoredType {
  /** safetensors' name of it */
  name: string;
  /** an element */
  bits: number;
  /** What it is read as; undefined where there is nothing. */
  dtype: DType | undefined;
  /** Widens elements, for types that libtorch does not have. */
  decode?: (bytes: Uint8Array) => TypedArray;
}

export interface StoredTensor {
  /** The element type that reading it gives; undefined when it cannot be read. */
  dtype: DType | undefined;
  stored: StoredType;
  shape: readonly number[];
}

/** A file of tensors, whatever its format. */
export interface TensorFile<Entry extends StoredTensor = StoredTensor> {
  path: string;
  entries: ReadonlyMap<string, Entry>;
  /** The tensor of that name. It uses the mapped file where it can: writing to it never reaches the file. */
  tensor(name: string): Tensor;
}

const aligned = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;

function decodeU64(bytes: Uint8Array): BigInt64Array {
  const signed = new BigInt64Array(aligned(bytes));
  const tooLarge = signed.find(value => value < 0n);
  if (tooLarge === undefined) return signed;
  const value = BigInt.asUintN(64, tooLarge);
  throw new UserError('TSLM_UNSUPPORTED_DTYPE', `a tensor stored as U64 holds ${value}, more than int64 can`, {
    hint: 'numbers up to 9,223,372,036,854,775,807 can be read',
  });
}

const widened: StoredType[] = [
  { name: 'F8_E4M3', bits: 8, dtype: 'float32', decode: bytes => decodeFloat8(bytes, 'F8_E4M3') },
  { name: 'F8_E5M2', bits: 8, dtype: 'float32', decode: bytes => decodeFloat8(bytes, 'F8_E5M2') },
  { name: 'F8_E8M0', bits: 8, dtype: 'float32', decode: decodeE8M0 },
  { name: 'F4', bits: 4, dtype: 'float32', decode: decodeE2M1 },
  { name: 'U64', bits: 64, dtype: 'int64', decode: decodeU64 },
  { name: 'U16', bits: 16, dtype: 'int32', decode: bytes => Int32Array.from(new Uint16Array(aligned(bytes))) },
  {
    name: 'U32',
    bits: 32,
    dtype: 'int64',
    decode: bytes => BigInt64Array.from(new Uint32Array(aligned(bytes)), BigInt),
  },
];

const unreadable: [name: string, bits: number][] = [
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['C64', 64],
];

/** Every element type of the safetensors format, by its name there. */
export const storedTypes: ReadonlyMap<string, StoredType> = new Map(
  [
    ...dtypes.map(dtype => ({ name: dtypeInfo(dtype).safetensors, bits: 8 * dtypeInfo(dtype).size, dtype })),
    ...widened,
    ...unreadable.map(([name, bits]) => ({ name, bits, dtype: undefined })),
  ].map(type => [type.name, type]),
);

export const storedType = (dtype: DType): StoredType => storedTypes.get(dtypeInfo(dtype).safetensors)!;

/** More dimensions than libtorch's own limit make no tensor. */
const MAX_DIMS = 64;

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** True for a list of sizes that a tensor can have, whatever is in front of a size of zero. */
export const isShape = (value: unknown): value is readonly number[] =>
  Array.isArray(value) &&
  value.length <= MAX_DIMS &&
  value.every(isSize) &&
  Number.isSafeInteger(value.reduce((product, size) => product * Math.max(1, size), 8));

export const numelOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The entry of that name. @throws UserError that says what the file holds instead */
export function entryOf<Entry extends StoredTensor>(file: Omit<TensorFile<Entry>, 'tensor'>, name: string): Entry {
  const entry = file.entries.get(name);
  if (entry) return entry;
  const held = [...file.entries.keys()].slice(0, 5).join(', ');
  throw new UserError('TSLM_NO_TENSOR', `${file.path}: there is no tensor '${name}'`, {
    hint: `it holds ${file.entries.size === 0 ? 'none' : held}${file.entries.size > 5 ? ', …' : ''}`,
  });
}

/** What a tensor will be once it is read. @throws UserError that names file, tensor and type when it cannot be */
export function readableDtype(path: string, name: string, { dtype, stored }: StoredTensor): DType {
  if (dtype !== undefined) return dtype;
  throw new UserError('TSLM_UNSUPPORTED_DTYPE', `${path}: tensor '${name}' is stored as ${stored.name}`, {
    hint: `only these can be read: ${[...storedTypes.values()].flatMap(type => (type.dtype ? type.name : [])).join(', ')}`,
  });
}

/**
 * The tensor whose elements are `bytes` (as many as its shape and strides reach over). Vector instructions want aligned
 * data: elements that are not aligned are copied, all others stay where they are.
 *
 * @param options.strides in elements; default row-major
 */
export function tensorOfBytes(
  bytes: Uint8Array,
  { stored, dtype, shape }: StoredTensor & { dtype: DType },
  { strides }: { strides?: readonly number[] } = {},
): Tensor {
  const size = stored.bits / 8;
  const flat = strides === undefined ? shape : [bytes.length / size];
  return scope(() => {
    const elements = stored.decode
      ? fromTypedArray(stored.decode(bytes), flat, { copy: false })
      : fromTypedArray(bytes, flat, { dtype, copy: bytes.byteOffset % size !== 0 });
    return strides === undefined ? elements : elements.asStrided(shape, strides);
  });
}
