/**
 * The zip archives of `torch.save`: every member stored as it is, so that storages can be used where they lie in the
 * mapped file. Records with 64-bit sizes included. Format: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3.
 */

export interface ZipMember {
  name: string;
  /** Bytes of the member. */
  size: number;
  /** Where its local header begins. */
  header: number;
  /** Neither compressed nor encrypted. */
  isPlain: boolean;
}

type Fail = (what: string) => Error;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;

/** Far more tensors than any model has; a central directory full of nothing must not fill the memory. */
const MAX_MEMBERS = 1_000_000;

export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === LOCAL;

/** The members by name. @throws what `fail` makes when the archive is cut off or its directory damaged */
export function zipMembers(bytes: Uint8Array, fail: Fail): Map<string, ZipMember> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start, end } = findDirectory(view, fail);
  const members = new Map<string, ZipMember>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) throw fail('the directory of the archive is damaged');
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map(offset => view.getUint16(at + offset, true));
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > end) throw fail('the directory of the archive is damaged');
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (members.has(name)) throw fail(`the archive has two members '${name}'`);
    const wide = wideFields(view, at + 46 + nameLength, extraLength);
    const size = field32(view, at + 24, wide); // in this order: first the size, …
    const stored = field32(view, at + 20, wide); // … then the size when compressed, …
    const header = field32(view, at + 42, wide); // … then the place
    if (size === undefined || header === undefined) throw fail('the directory of the archive is damaged');
    const isPlain = method === 0 && (flags & 1) === 0 && stored === size;
    members.set(name, { name, size, header, isPlain });
    at = next;
  }
  return members;
}

/** Where a member's bytes begin. @throws what `fail` makes when they are not there, or not as they are */
export function memberStart(bytes: Uint8Array, { name, size, header, isPlain }: ZipMember, fail: Fail): number {
  if (!isPlain) throw fail(`member '${name}' is compressed or encrypted, torch.save stores it as it is`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header + 30 > bytes.length || view.getUint32(header, true) !== LOCAL) {
    throw fail(`member '${name}' is not where the archive's directory says`);
  }
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (start + size > bytes.length) throw fail(`member '${name}' does not fit into the file`);
  return start;
}

function findDirectory(view: DataView, fail: Fail): { count: number; start: number; end: number } {
  // The record ends the file, but for a comment of at most 65535 bytes.
  let at = view.byteLength - 22;
  const last = Math.max(0, at - 0xffff);
  while (at >= last && view.getUint32(at, true) !== END) at--;
  if (at < last) throw fail('the archive has no directory: the file is cut off');
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let start = view.getUint32(at + 16, true);
  if (at >= 20 && view.getUint32(at - 20, true) === END_64_LOCATOR) {
    const record = Number(view.getBigUint64(at - 12, true));
    if (record + 56 > at || view.getUint32(record, true) !== END_64)
      throw fail('the directory of the archive is damaged');
    [count, size, start] = [32, 40, 48].map(offset => Number(view.getBigUint64(record + offset, true)));
  }
  if (start + size > at) throw fail('the directory of the archive does not fit into the file');
  if (count > MAX_MEMBERS) throw fail(`the archive has ${count} members, more than the limit of ${MAX_MEMBERS}`);
  return { count, start, end: start + size };
}

/** The numbers of 64 bits for fields that are full, in their order; an iterator, since each is taken once. */
function* wideFields(view: DataView, start: number, length: number): Generator<number, undefined> {
  for (let at = start; at + 4 <= start + length; ) {
    const size = view.getUint16(at + 2, true);
    const end = Math.min(at + 4 + size, start + length);
    if (view.getUint16(at, true) === 1) {
      for (let i = at + 4; i + 8 <= end; i += 8) yield Number(view.getBigUint64(i, true));
      return undefined;
    }
    at += 4 + size;
  }
  return undefined;
}

function field32(view: DataView, at: number, wide: Generator<number, undefined>): number | undefined {
  const value = view.getUint32(at, true);
  return value === 0xffffffff ? wide.next().value : value;
}
