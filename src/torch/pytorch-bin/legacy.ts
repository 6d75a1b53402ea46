/**
 * Files of `torch.save` before PyTorch 1.6, or with `_use_new_zipfile_serialization=False`: one after the other the
 * pickles of a magic number, the protocol, the machine, the state dict and the keys of its storages; then each
 * storage, its number of elements before it.
 */
import { type PickleOptions, unpickle } from './pickle.ts';
import type { Storage } from './state-dict.ts';

type Fail = (what: string) => Error;

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** The pickled magic number, which begins such a file. */
const START = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

export const isLegacy = (bytes: Uint8Array): boolean => START.every((byte, i) => bytes[i] === byte);

/** The pickled object, and where each of the storages it refers to begins. */
export function readLegacy(
  bytes: Uint8Array,
  options: PickleOptions,
  storages: ReadonlyMap<string, Storage>,
  fail: Fail,
): { value: unknown; starts: Map<string, number> } {
  let at = 0;
  const next = (): unknown => {
    const { value, end } = unpickle(bytes, at, options);
    at = end;
    return value;
  };
  if (next() !== MAGIC) throw fail('the magic number is wrong');
  if (next() !== PROTOCOL) throw fail(`it is not of PyTorch's protocol ${PROTOCOL}`);
  const machine = next();
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) throw fail('it is not little-endian');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw fail('it has no list of storages');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = new Map<string, number>();
  for (const key of keys) {
    const storage = storages.get(key);
    if (!storage || starts.has(key)) throw fail(`storage ${JSON.stringify(key)} belongs to no tensor`);
    if (at + 8 > bytes.length) throw fail(`storage '${key}' is cut off`);
    const size = Number(view.getBigInt64(at, true)) * ((storage.type?.bits ?? 8) / 8);
    if (size !== storage.bytes) throw fail(`storage '${key}' has ${size} bytes, the pickle says ${storage.bytes}`);
    at += 8;
    if (at + size > bytes.length) throw fail(`storage '${key}' is cut off`);
    starts.set(key, at);
    at += size;
  }
  return { value, starts };
}
