/**
 * What the pickle of a state dict may contain: an OrderedDict of names to tensors, each a window (offset, shape,
 * strides) on a storage, as `torch._utils._rebuild_tensor_v2` describes it. Several tensors may share a storage.
 */
import { UserError } from '../../support/errors.ts';
import { isShape, numelOf, type StoredTensor, type StoredType, storedType, storedTypes } from '../stored.ts';
import type { Callable, PickleOptions } from './pickle.ts';
import { Tuple } from './tuple.ts';

type Fail = (what: string) => Error;

/** The bytes of one or more tensors; the pickle says how many there are, the file where. */
export interface Storage {
  key: string;
  /** Undefined for bytes whose type the tensor names. */
  type: StoredType | undefined;
  bytes: number;
}

export interface PickledTensor extends StoredTensor {
  storage: Storage;
  strides: readonly number[];
  /** First and last byte in the storage that belong to the tensor. */
  begin: number;
  end: number;
}

/** `torch.<name>Storage`, and `torch.<dtype>` for storages without a type. */
const storageTypes: Record<string, StoredType> = {
  FloatStorage: storedType('float32'),
  DoubleStorage: storedType('float64'),
  HalfStorage: storedType('float16'),
  BFloat16Storage: storedType('bfloat16'),
  LongStorage: storedType('int64'),
  IntStorage: storedType('int32'),
  ShortStorage: storedType('int16'),
  CharStorage: storedType('int8'),
  ByteStorage: storedType('uint8'),
  BoolStorage: storedType('bool'),
  ComplexFloatStorage: storedTypes.get('C64')!,
};

const dtypeNames: Record<string, string> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  complex64: 'C64',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
};

/** A storage's class in a pickle; no element type means bytes. */
class StorageClass {
  readonly type: StoredType | undefined;

  constructor(type: StoredType | undefined) {
    this.type = type;
  }
}

/** An element type in a pickle. */
class DTypeName {
  readonly type: StoredType;

  constructor(type: StoredType) {
    this.type = type;
  }
}

const untyped = new StorageClass(undefined);

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * The names that a state dict may use and the storages that it may ask for.
 *
 * @param limits.fileSize no tensor may be larger: strides of zero would make gigabytes of a few bytes
 * @param limits.storages where storages are collected
 */
export function stateDictPickle(
  path: string,
  fail: Fail,
  { fileSize, storages }: { fileSize: number; storages: Map<string, Storage> },
): PickleOptions {
  const rebuildTensor: Callable = args => windowOf(args, undefined, fileSize, fail);
  const globals = new Map<string, unknown>([
    ['collections.OrderedDict', orderedDict(fail)],
    ['torch._utils._rebuild_tensor_v2', rebuildTensor],
    ['torch._utils._rebuild_tensor_v3', (args => windowOf(args, args[6], fileSize, fail)) satisfies Callable],
    ['torch._utils._rebuild_parameter', (args => parameterOf(args, fail)) satisfies Callable],
    ['torch.storage.UntypedStorage', untyped],
    ['torch.UntypedStorage', untyped],
    ...Object.entries(storageTypes).map(([name, type]) => [`torch.${name}`, new StorageClass(type)] as const),
    ...Object.entries(dtypeNames).map(
      ([name, stored]) => [`torch.${name}`, new DTypeName(storedTypes.get(stored)!)] as const,
    ),
  ]);
  return {
    globals,
    persistent: id => storageOf(id, storages, fail),
    fail,
    refuse: name =>
      new UserError(
        'TSLM_PICKLED_CODE',
        `${path}: asks for ${JSON.stringify(name)}, which is no part of a state dict`,
        {
          hint: 'no pickled code ever runs: save the weights alone, best as safetensors',
        },
      ),
  };
}

/** Python 2 gives the items as a list of pairs. */
const orderedDict =
  (fail: Fail): Callable =>
  args => {
    if (args.length === 0) return new Map();
    const [items] = args;
    if (args.length !== 1 || !Array.isArray(items)) throw fail('an OrderedDict is not made of a list');
    const dict = new Map<unknown, unknown>();
    // Each list can be used once, so that a pickle which names it often costs no more than its bytes.
    for (const item of items.splice(0)) {
      const pair = item instanceof Tuple ? item.items : item;
      if (!Array.isArray(pair) || pair.length !== 2) throw fail('an OrderedDict is not made of pairs');
      dict.set(pair[0], pair[1]);
    }
    return dict;
  };

/** `('storage', class, key, device, number of elements)`; older files add a view, which was never in use. */
function storageOf(id: unknown, storages: Map<string, Storage>, fail: Fail): Storage {
  const items = id instanceof Tuple ? id.items : [];
  const [kind, storageClass, key, , count, view = null] = items;
  const isValid =
    kind === 'storage' &&
    storageClass instanceof StorageClass &&
    typeof key === 'string' &&
    isSize(count) &&
    view === null;
  if (!isValid) throw fail('the pickle refers to something that is no storage');
  const { type } = storageClass;
  const bytes = (count * (type?.bits ?? 8)) / 8;
  const known = storages.get(key);
  if (known && (known.type !== type || known.bytes !== bytes)) throw fail(`storage '${key}' is described in two ways`);
  const storage = known ?? { key, type, bytes };
  storages.set(key, storage);
  return storage;
}

function windowOf(args: readonly unknown[], dtype: unknown, fileSize: number, fail: Fail): PickledTensor {
  const [storage, offset, sizes, steps] = args as [Storage | undefined, unknown, unknown, unknown];
  if (!isStorage(storage)) throw fail('a tensor has no storage');
  const stored = dtype instanceof DTypeName ? dtype.type : storage.type;
  if (stored === undefined) throw fail('a tensor has no element type');
  const shape = sizes instanceof Tuple ? sizes.items : undefined;
  const strides = steps instanceof Tuple ? steps.items : undefined;
  if (!isShape(shape) || strides?.length !== shape.length || !strides.every(isSize) || !isSize(offset)) {
    throw fail('a tensor has no valid shape, strides or offset');
  }
  const size = stored.bits / 8;
  const numel = numelOf(shape);
  const span = numel === 0 ? 0 : shape.reduce((sum, length, dim) => sum + (length - 1) * strides[dim], 1);
  const begin = numel === 0 ? 0 : offset * size;
  const end = begin + span * size;
  if (!(end <= storage.bytes))
    throw fail(`a tensor reaches to byte ${end} of storage '${storage.key}' with ${storage.bytes}`);
  if (numel * size > fileSize) throw fail(`a tensor of shape [${shape.join(', ')}] is larger than the file`);
  return { dtype: stored.dtype, stored, shape, storage, strides, begin, end };
}

const isStorage = (value: unknown): value is Storage =>
  typeof value === 'object' && value !== null && 'key' in value && 'bytes' in value;

export const isPickledTensor = (value: unknown): value is PickledTensor =>
  typeof value === 'object' && value !== null && 'storage' in value && 'strides' in value;

function parameterOf([tensor]: readonly unknown[], fail: Fail): PickledTensor {
  if (!isPickledTensor(tensor)) throw fail('a parameter has no tensor');
  return tensor;
}

/** The tensors by name. */
export function tensorsOf(value: unknown, fail: Fail): Map<string, PickledTensor> {
  if (!(value instanceof Map)) throw fail('it holds no state dict (names and tensors)');
  const tensors = new Map<string, PickledTensor>();
  for (const [name, tensor] of value) {
    if (typeof name !== 'string') throw fail('a key of the state dict is no string');
    if (!isPickledTensor(tensor)) throw fail(`'${name}' is no tensor: this is no plain state dict`);
    tensors.set(name, tensor);
  }
  return tensors;
}
