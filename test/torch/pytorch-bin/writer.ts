/** Pickles and archives of torch.save put together by hand, to say in tests what no PyTorch would write. */

const bytes = (...parts: (string | number | Buffer)[]): Buffer =>
  Buffer.concat(
    parts.map(part =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : typeof part === 'number' ? Buffer.from([part]) : part,
    ),
  );
const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};
const u64 = (value: number | bigint): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
};

/** What is pickled: each function gives the instructions that leave one value on the stack. */
export const py = {
  raw: bytes,
  pickle: (body: Buffer): Buffer => bytes(0x80, 2, body, '.'),
  none: bytes('N'),
  false: bytes(0x89),
  text(value: string): Buffer {
    const content = Buffer.from(value);
    return bytes('X', u32(content.length), content);
  },
  /** Up to eight bytes, signed. */
  int: (value: number | bigint): Buffer => bytes(0x8a, 8, u64(BigInt.asUintN(64, BigInt(value)))),
  tuple: (...items: Buffer[]): Buffer => bytes('(', ...items, 't'),
  list: (...items: Buffer[]): Buffer => bytes('](', ...items, 'e'),
  global: (module: string, name: string): Buffer => bytes('c', module, '\n', name, '\n'),
  call: (callable: Buffer, ...args: Buffer[]): Buffer => bytes(callable, py.tuple(...args), 'R'),
  dict: (entries: Record<string, Buffer>): Buffer =>
    bytes('}(', ...Object.entries(entries).flatMap(([name, value]) => [py.text(name), value]), 'u'),
  sizes: (sizes: readonly (number | bigint)[]): Buffer => py.tuple(...sizes.map(py.int)),
  storage: (type: string, key: string, count: number | bigint, module = 'torch'): Buffer =>
    bytes(py.tuple(py.text('storage'), py.global(module, type), py.text(key), py.text('cpu'), py.int(count)), 'Q'),
  tensor: (
    storage: Buffer,
    shape: readonly (number | bigint)[],
    strides: readonly (number | bigint)[],
    { offset = 0, dtype }: { offset?: number | bigint; dtype?: string } = {},
  ): Buffer =>
    py.call(
      py.global('torch._utils', dtype ? '_rebuild_tensor_v3' : '_rebuild_tensor_v2'),
      storage,
      py.int(offset),
      py.sizes(shape),
      py.sizes(strides),
      py.false,
      py.call(py.global('collections', 'OrderedDict')),
      ...(dtype ? [py.global('torch', dtype)] : []),
    ),
};

export interface Member {
  name: string;
  content: Buffer;
  method?: number;
  flags?: number;
  /** What the directory says instead of the truth. */
  size?: number;
  header?: number;
}

/** A zip archive; `wide` puts every number of the directory into 64 bits, as files beyond 4 GB have it. */
export function zip(members: Member[], { wide = false, claimed = members.length } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, method = 0, flags = 0, size = content.length, header = at } of members) {
    const full = Buffer.from(name);
    const u16 = (...values: number[]): Buffer => bytes(...values.flatMap(value => [value & 255, value >> 8]));
    const local = bytes(
      'PK\x03\x04',
      u16(20, flags, method, 0, 0),
      u32(0),
      u32(size),
      u32(size),
      u16(full.length, 0),
      full,
    );
    const extra = wide ? bytes(u16(0x4246, 2, 0), u16(1, 24), u64(size), u64(size), u64(header)) : Buffer.alloc(0);
    const number = (value: number): Buffer => u32(wide ? 0xffffffff : value);
    directory.push(
      bytes('PK\x01\x02', u16(20, 20, flags, method, 0, 0), u32(0), number(size), number(size)),
      bytes(u16(full.length, extra.length, 0, 0, 0), u32(0), number(header), full, extra),
    );
    parts.push(local, content);
    at += local.length + content.length;
  }
  const list = bytes(...directory);
  const u16 = (value: number): Buffer => bytes(value & 255, value >> 8);
  const end64 = bytes(
    'PK\x06\x06',
    u64(44),
    u32(0),
    u32(0),
    u32(0),
    u64(claimed),
    u64(claimed),
    u64(list.length),
    u64(at),
  );
  const locator = bytes('PK\x06\x07', u32(0), u64(at + list.length), u32(1));
  const count = u16(wide ? 0xffff : claimed);
  const place = wide ? [u32(0xffffffff), u32(0xffffffff)] : [u32(list.length), u32(at)];
  const end = bytes('PK\x05\x06', u32(0), count, count, ...place, u16(0));
  return bytes(...parts, list, ...(wide ? [end64, locator] : []), end);
}

/** A file of torch.save: the pickled object and its storages. */
export function bin(
  object: Buffer,
  storages: Record<string, Buffer> = {},
  { wide = false, more = [] as Member[] } = {},
): Buffer {
  return zip(
    [
      { name: 'x/data.pkl', content: py.pickle(object) },
      ...Object.entries(storages).map(([key, content]) => ({ name: `x/data/${key}`, content })),
      ...more,
    ],
    { wide },
  );
}
