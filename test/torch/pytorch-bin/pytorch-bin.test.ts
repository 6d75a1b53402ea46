import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryStats, openPytorchBin, scope } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { bin, type Member, py, zip } from './writer.ts';

const fixtures = 'test/fixtures/pytorch-bin';
const scratch = scratchFolder();
const path = join(scratch, 'pytorch_model.bin');

interface Expected {
  dtype: string;
  shape: number[];
  strides: number[];
  values: (number | string)[];
}
const expected: Record<string, Expected> = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8'));

/** Opens a file with these bytes. */
function open(content: Buffer): ReturnType<typeof openPytorchBin> {
  rmSync(path, { force: true }); // a mapped file must not change under its readers
  writeFileSync(path, content);
  return openPytorchBin(path);
}

const floats = (...values: number[]): Buffer => Buffer.from(new Float32Array(values).buffer);
const f32 = (count = 4, key = '0'): Buffer => py.storage('FloatStorage', key, count);
const four = { 0: floats(1, 2, 3, 4) };

describe.each(['zip', 'legacy'])('what PyTorch wrote as %s', format => {
  const file = openPytorchBin(join(fixtures, `tensors-${format}.bin`));

  it('has the names in their order', () => {
    expect([...file.entries.keys()]).toEqual(Object.keys(expected));
  });

  it.each(Object.keys(expected))('%s', name => {
    scope(() => {
      const { dtype, shape, strides, values } = expected[name];
      const tensor = file.tensor(name);
      expect(file.entries.get(name)).toMatchObject({ dtype, shape });
      expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
      expect(tensor.toNumbers()).toEqual(values.map(Number));
      if (!shape.includes(0)) expect(tensor.strides).toEqual(strides);
    });
  });

  it('is never written to', () => {
    const before = readFileSync(file.path);
    file.tensor('base').mul_(3);
    expect(readFileSync(file.path)).toEqual(before);
    expect(openPytorchBin(file.path).tensor('base').toNumbers()).toEqual(expected.base.values);
  });
});

it('uses the mapped file, where the archive aligns its members', () => {
  const before = memoryStats().liveBytes;
  const file = openPytorchBin(join(fixtures, 'tensors-zip.bin'));
  const tensors = [...file.entries].filter(([, entry]) => !entry.shape.includes(0)).map(([name]) => file.tensor(name));
  expect(memoryStats().liveBytes).toBe(before);
  expect(tensors.length).toBeGreaterThan(20);
});

it('lets tied weights share their memory', () => {
  const file = openPytorchBin(join(fixtures, 'tensors-zip.bin'));
  file.tensor('tied.a').mul_(2);
  expect(file.tensor('tied.b').toNumbers()).toEqual(expected['tied.b'].values.map(value => 2 * Number(value)));
});

describe('files of other versions', () => {
  it('sizes and places of 64 bits', () => {
    const file = open(bin(py.dict({ w: py.tensor(f32(), [2, 2], [1, 2]) }), four, { wide: true }));
    expect(file.tensor('w').toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('storages without a type, which PyTorch 2 uses for its newer element types', () => {
    const storage = (bytes: number) => py.storage('UntypedStorage', '0', bytes, 'torch.storage');
    const content = Buffer.from([0x38, 0xb8, 0x01, 0x7f, 0x00, 0x40, 0xff, 0xff]);
    const file = open(
      bin(
        py.dict({
          e4m3: py.tensor(storage(8), [4], [1], { dtype: 'float8_e4m3fn' }),
          e5m2: py.tensor(storage(8), [2], [1], { dtype: 'float8_e5m2', offset: 4 }),
          uint16: py.tensor(storage(8), [2, 2], [1, 2], { dtype: 'uint16' }),
          uint32: py.tensor(storage(8), [2], [1], { dtype: 'uint32' }),
          float32: py.tensor(storage(8), [1], [1], { dtype: 'float32', offset: 1 }),
          uint64: py.tensor(storage(8), [1], [1], { dtype: 'uint64' }),
        }),
        { 0: content },
      ),
    );
    expect(file.tensor('e4m3').toNumbers()).toEqual([1, -1, 2 ** -9, Number.NaN]);
    expect(file.tensor('e5m2').toNumbers()).toEqual([0, 2]);
    expect(file.tensor('uint16').toArray()).toEqual([
      [0xb838, 0x4000],
      [0x7f01, 0xffff],
    ]);
    expect(file.tensor('uint32').toNumbers()).toEqual([0x7f01b838, 0xffff4000]);
    expect(file.tensor('float32').toNumbers()).toEqual([Number.NaN]);
    expect(() => file.tensor('uint64')).toThrow(/U64 holds 18446532969607837752, more than int64 can/);
  });

  it('an OrderedDict of pairs, from Python 2', () => {
    const pair = (name: string) => py.list(py.raw('U', name.length, name), py.tensor(f32(), [4], [1]));
    const file = open(bin(py.call(py.global('collections', 'OrderedDict'), py.list(pair('a'), pair('b'))), four));
    expect([...file.entries.keys()]).toEqual(['a', 'b']);
    expect(file.tensor('b').toNumbers()).toEqual([1, 2, 3, 4]);
  });

  it('says which byte order a file has', () => {
    const order = (value: string): Member[] => [{ name: 'x/byteorder', content: Buffer.from(value) }];
    const object = py.dict({ w: py.tensor(f32(), [4], [1]) });
    expect(open(bin(object, four, { more: order('little') })).entries.size).toBe(1);
    expect(() => open(bin(object, four, { more: order('big') }))).toThrow(/not little-endian/);
  });
});

describe('pickles that want more than tensors', () => {
  const marker = 'pickled-code-ran';
  it.each([
    ['os-system-zip.bin', '"posix.system"'],
    ['os-system-legacy.bin', '"posix.system"'],
    ['eval.bin', '"__builtin__.eval"'],
    ['module.bin', '"torch.nn.modules.linear.Linear"'],
    ['sparse.bin', '"torch._utils._rebuild_sparse_tensor"'],
  ])('%s is refused', (name, global) => {
    const file = join(fixtures, name);
    expect(() => openPytorchBin(file)).toThrow(
      expect.objectContaining({
        name: 'UserError',
        code: 'TSLM_PICKLED_CODE',
        message: `${file}: asks for ${global}, which is no part of a state dict`,
        hint: expect.stringContaining('no pickled code ever runs'),
      }),
    );
    expect([marker, join(fixtures, marker)].filter(existsSync)).toEqual([]);
  });

  it.each([
    'constructor.constructor',
    '__proto__.x',
    'torch.toString',
    'torch.constructor',
    'torch..FloatStorage',
  ])('the global %s is not found anywhere', name => {
    const [module, rest] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
    expect(() => open(bin(py.call(py.global(module, rest))))).toThrow(`asks for "${name}"`);
  });

  it('a training checkpoint is no state dict', () => {
    expect(() => openPytorchBin(join(fixtures, 'training.bin'))).toThrow(/'model' is no tensor/);
  });

  it('a TorchScript program is no state dict', () => {
    expect(() => openPytorchBin(join(fixtures, 'script.bin'))).toThrow(/TorchScript program/);
  });

  it('complex numbers are refused when they are used', () => {
    const file = openPytorchBin(join(fixtures, 'complex.bin'));
    expect(file.tensor('x').toNumbers()).toEqual([1]);
    expect(() => file.tensor('w')).toThrow(
      expect.objectContaining({ code: 'TSLM_UNSUPPORTED_DTYPE', message: `${file.path}: tensor 'w' is stored as C64` }),
    );
  });
});

const w = (tensor: Buffer): Buffer => py.dict({ w: tensor });
const empty: Member = { name: 'x/data.pkl', content: py.pickle(py.dict({})) };
const odd: [string, Buffer, RegExp][] = [
  [
    'a tensor beyond its storage',
    bin(w(py.tensor(f32(), [5], [1])), four),
    /reaches to byte 20 of storage '0' with 16/,
  ],
  ['an offset beyond its storage', bin(w(py.tensor(f32(), [1], [1], { offset: 4 })), four), /reaches to byte 20/],
  ['strides beyond the storage', bin(w(py.tensor(f32(), [2, 2], [3, 1])), four), /reaches to byte 20/],
  ['a negative offset', bin(w(py.tensor(f32(), [1], [1], { offset: -1 })), four), /no valid shape, strides or offset/],
  ['a negative stride', bin(w(py.tensor(f32(), [2], [-1], { offset: 1 })), four), /no valid shape/],
  ['a negative size', bin(w(py.tensor(f32(), [-1], [1])), four), /no valid shape/],
  ['more strides than sizes', bin(w(py.tensor(f32(), [4], [1, 1])), four), /no valid shape/],
  ['sizes beyond 53 bits', bin(w(py.tensor(f32(), [2n ** 62n], [0])), four), /no valid shape/],
  ['sizes that wrap around', bin(w(py.tensor(f32(), [2 ** 32, 2 ** 32], [0, 0])), four), /no valid shape/],
  ['enormous sizes beside zero', bin(w(py.tensor(f32(), [2 ** 50, 2 ** 50, 0], [0, 0, 0])), four), /no valid shape/],
  ['a hundred dimensions', bin(w(py.tensor(f32(), Array(100).fill(1), Array(100).fill(1))), four), /no valid shape/],
  ['gigabytes from a stride of zero', bin(w(py.tensor(f32(), [2 ** 30], [0])), four), /larger than the file/],
  ['a storage that claims more', bin(w(py.tensor(f32(2 ** 40), [4], [1])), four), /has 16 bytes, the pickle says/],
  ['a storage of negative size', bin(w(py.tensor(f32(-1), [4], [1])), four), /no storage/],
  ['a storage that is not there', bin(w(py.tensor(f32(4, '7'), [4], [1])), four), /storage '7' is missing/],
  [
    'a storage of two types',
    bin(py.dict({ a: py.tensor(f32(), [4], [1]), b: py.tensor(py.storage('LongStorage', '0', 2), [2], [1]) }), four),
    /described in two ways/,
  ],
  [
    'a storage that climbs',
    bin(w(py.tensor(f32(4, '../data.pkl'), [4], [1])), four),
    /storage '..\/data.pkl' is missing/,
  ],
  [
    'an element type instead of a storage',
    bin(w(py.tensor(py.global('torch', 'float32'), [4], [1])), four),
    /no storage/,
  ],
  ['no element type', bin(w(py.tensor(py.storage('UntypedStorage', '0', 16), [4], [1])), four), /no element type/],
  ['a persistent id that is none', bin(py.raw(py.text('storage'), 'Q')), /no storage/],
  ['a call of data', bin(py.call(py.global('torch', 'FloatStorage'))), /no function/],
  ['a call without arguments', bin(py.raw(py.global('collections', 'OrderedDict'), 'NR')), /without a tuple/],
  ['a parameter of nothing', bin(py.call(py.global('torch._utils', '_rebuild_parameter'), py.none)), /no tensor/],
  ['a list', bin(py.list()), /no state dict/],
  ['a dictionary that holds itself', bin(py.raw('}q', 0, py.text('x'), 'h', 0, 's')), /'x' is no tensor/],
  ['a key that is no string', bin(py.raw('}', py.int(1), 'Ns')), /key of the state dict is no string/],
  ['an empty stack', bin(py.raw('R')), /not there/],
  ['a value from outside a list', bin(py.raw('N(', 0x85)), /not there/],
  ['a list that never began', bin(py.raw('Nt')), /never began/],
  ['a key without a value', bin(py.raw('}(', py.text('x'), 'u')), /key without a value/],
  ['a value kept nowhere', bin(py.raw('h', 3)), /never kept/],
  ['items of no list', bin(py.raw('}(Ne')), /no Array/],
  ['values left behind', bin(py.raw('NN')), /leaves values behind/],
  ['a string beyond the file', bin(py.raw('X', 255, 255, 255, 255)), /cut off/],
  ['a string that is not UTF-8', bin(py.raw('X', 1, 0, 0, 0, 255)), /not UTF-8/],
  ['a name without end', bin(py.raw('c', 'x'.repeat(600))), /name without end/],
  ['an instruction of other pickles', bin(py.raw('I1\n')), /instruction 73/],
  ['protocol 4', zip([{ name: 'x/data.pkl', content: Buffer.from('\x80\x04}.', 'latin1') }]), /protocol 4/],
  ['no pickle', zip([{ name: 'x/data.pkl', content: Buffer.from('hello') }]), /no pickle/],
  ['an empty pickle', zip([{ name: 'x/data.pkl', content: Buffer.alloc(0) }]), /cut off/],
  ['no data.pkl', zip([{ name: 'x/data', content: Buffer.alloc(0) }]), /0 members data.pkl/],
  [
    'two data.pkl',
    zip(['x', 'y'].map(name => ({ name: `${name}/data.pkl`, content: py.pickle(py.dict({})) }))),
    /2 members data.pkl/,
  ],
  [
    'a member twice',
    zip(['x', 'x'].map(name => ({ name: `${name}/data.pkl`, content: py.pickle(py.dict({})) }))),
    /two members/,
  ],
  ['a compressed member', zip([{ ...empty, method: 8 }]), /'x\/data.pkl' is compressed or encrypted/],
  ['an encrypted member', zip([{ ...empty, flags: 1 }]), /'x\/data.pkl' is compressed or encrypted/],
  ['a member beyond the file', zip([{ ...empty, size: 1e6 }]), /does not fit/],
  ['a member elsewhere', zip([{ ...empty, header: 3 }]), /not where/],
  ['an enormous directory', zip([empty], { wide: true, claimed: 2 ** 40 }), /members, more than/],
  ['no directory', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)]), /no directory/],
  ['nothing', Buffer.alloc(0), /neither a zip archive nor/],
  ['text', Buffer.from('<html>not found</html>'), /neither a zip archive nor/],
];

describe('damaged and hostile files', () => {
  it.each(odd)('%s', (_, content, message) => {
    expect(() => open(content)).toThrow(
      expect.objectContaining({
        name: 'UserError',
        code: 'TSLM_BAD_PYTORCH_BIN',
        message: expect.stringMatching(message),
      }),
    );
    expect(() => openPytorchBin(path)).toThrow(path);
  });

  it('nested a million deep', () => {
    const deep = Buffer.alloc(1_000_000, 0x85);
    expect(() => open(bin(py.raw('N', deep)))).toThrow(/no state dict/);
  });

  it('that go on and on', () => {
    expect(() => open(bin(Buffer.alloc(5_000_000, ']')))).toThrow(/more than 2000000 steps/);
  });

  it('a list named again and again costs no more than its bytes', () => {
    const pairs = py.list(...Array.from({ length: 3000 }, () => py.tuple(py.text('x'), py.none)));
    const again = Buffer.concat(Array.from({ length: 100_000 }, () => py.raw('h', 0, 'h', 1, 0x85, 'R', 'q', 2)));
    // Every value stays on the stack: the end of the pickle says so.
    expect(() => open(bin(py.raw(py.global('collections', 'OrderedDict'), 'q', 0, pairs, 'q', 1, again)))).toThrow(
      /leaves values behind/,
    );
  });

  const whole = readdirSync(fixtures).filter(name => /^tensors/.test(name));
  it('are made of files of both formats', () => expect(whole).toHaveLength(2));

  it.each(whole)('%s cut off at any byte', name => {
    const whole = readFileSync(join(fixtures, name));
    const lengths = Array.from({ length: whole.length }, (_, length) => length);
    for (const length of lengths.filter(n => n < 300 || n % 7 === 0 || n > whole.length - 100)) {
      expect(() => open(whole.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ name: 'UserError', message: expect.stringContaining(path) }),
      );
    }
  });

  it.each([
    ['missing', 'none.bin', 'TSLM_ENOENT'],
    ['a folder', '.', 'TSLM_EISDIR'],
  ])('that are %s', (_, name, code) => {
    expect(() => openPytorchBin(join(scratch, name))).toThrow(expect.objectContaining({ code }));
  });

  it('names what a file holds when a tensor is missing', () => {
    expect(() => open(bin(w(py.tensor(f32(), [4], [1])), four)).tensor('bias')).toThrow(
      expect.objectContaining({ code: 'TSLM_NO_TENSOR', hint: 'it holds w' }),
    );
  });
});
