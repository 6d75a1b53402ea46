/**
 * Reading `pytorch_model.bin`: a state dict as `torch.save` writes it, a zip archive or, in old files, a sequence of
 * pickles. Opening reads the pickle alone; tensors use the pages of the mapped file. No pickled code ever runs.
 */
import { UserError } from '../../support/errors.ts';
import { mapFile } from '../map-file.ts';
import { entryOf, readableDtype, type TensorFile, tensorOfBytes } from '../stored.ts';
import { isLegacy, readLegacy } from './legacy.ts';
import { type PickleOptions, unpickle } from './pickle.ts';
import { type PickledTensor, type Storage, stateDictPickle, tensorsOf } from './state-dict.ts';
import { isZip, memberStart, zipMembers } from './zip.ts';

type Fail = (what: string) => UserError;

/** The tensors of a `pytorch_model.bin`, read on demand. */
export type PytorchBinFile = TensorFile<PickledTensor>;

/**
 * @throws UserError that names the file when it is missing, cut, malformed, compressed, no state dict, or asks for
 *   anything but tensors (`TSLM_PICKLED_CODE`)
 */
export function openPytorchBin(path: string): PytorchBinFile {
  const bytes = mapFile(path);
  const fail: Fail = what =>
    new UserError('TSLM_BAD_PYTORCH_BIN', `${path}: ${what}`, {
      hint: 'the file is damaged or no state dict of torch.save: fetch or save it again',
    });
  const storages = new Map<string, Storage>();
  const options = stateDictPickle(path, fail, { fileSize: bytes.length, storages });
  const { value, starts } = read(bytes, options, storages, fail);
  const entries = tensorsOf(value, fail);
  for (const { storage } of entries.values()) {
    if (!starts.has(storage.key)) throw fail(`storage '${storage.key}' is missing`);
  }
  return {
    path,
    entries,
    tensor(name) {
      const entry = entryOf({ path, entries }, name);
      const dtype = readableDtype(path, name, entry);
      const { shape, strides, storage, begin, end } = entry;
      const start = starts.get(storage.key)!;
      return tensorOfBytes(
        bytes.subarray(start + begin, start + end),
        { ...entry, dtype },
        {
          strides: isRowMajor(shape, strides) ? undefined : strides,
        },
      );
    },
  };
}

function read(
  bytes: Uint8Array,
  options: PickleOptions,
  storages: Map<string, Storage>,
  fail: Fail,
): { value: unknown; starts: Map<string, number> } {
  if (isZip(bytes)) return readArchive(bytes, options, storages, fail);
  if (isLegacy(bytes)) return readLegacy(bytes, options, storages, fail);
  throw fail('this is neither a zip archive nor an older file of torch.save');
}

/** The members of an archive lie in one folder: the pickle in `data.pkl`, each storage in `data/<key>`. */
function readArchive(
  bytes: Uint8Array,
  options: PickleOptions,
  storages: ReadonlyMap<string, Storage>,
  fail: Fail,
): { value: unknown; starts: Map<string, number> } {
  const members = zipMembers(bytes, fail);
  const content = (name: string): Uint8Array | undefined => {
    const member = members.get(name);
    if (!member) return undefined;
    const start = memberStart(bytes, member, fail);
    return bytes.subarray(start, start + member.size);
  };
  const pickles = [...members.keys()].filter(name => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) throw fail(`the archive has ${pickles.length} members data.pkl, a state dict has one`);
  const folder = pickles[0].slice(0, -'data.pkl'.length);
  if (members.has(`${folder}constants.pkl`)) throw fail('this is a TorchScript program, no state dict');
  const order = content(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order.subarray(0, 16)) !== 'little') throw fail('it is not little-endian');
  const { value } = unpickle(content(pickles[0])!, 0, options);
  const starts = new Map<string, number>();
  for (const { key, bytes: expected } of storages.values()) {
    const data = content(`${folder}data/${key}`);
    if (!data) throw fail(`storage '${key}' is missing`);
    if (data.length < expected) throw fail(`storage '${key}' has ${data.length} bytes, the pickle says ${expected}`);
    starts.set(key, data.byteOffset - bytes.byteOffset);
  }
  return { value, starts };
}

/** Strides of sizes 0 and 1 mean nothing. */
function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    if (shape[dim] !== 1 && strides[dim] !== expected) return shape.includes(0);
    expected *= shape[dim];
  }
  return true;
}
