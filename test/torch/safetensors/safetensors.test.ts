import { existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeAtomically, writeFully } from '../../../src/support/files.ts';
import {
  type DType,
  dtypes,
  loadSafetensors,
  memoryStats,
  openSafetensors,
  saveSafetensors,
  scope,
  tensor,
  zeros,
} from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const path = join(folder, 'x.safetensors');

const headerOf = (file: string) => {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE());
  return { length, json: JSON.parse(bytes.subarray(8, 8 + length).toString()), bytes };
};

/** A file with this header over this many bytes of data. */
function writeRaw(header: unknown, data = 8, claimed?: bigint): void {
  const isRaw = typeof header === 'string' || Buffer.isBuffer(header);
  const json = Buffer.from(isRaw ? header : JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(claimed ?? BigInt(json.length));
  writeFileSync(path, Buffer.concat([start, json, Buffer.alloc(data, 1)]));
}

describe('round trip', () => {
  it.each(dtypes)('%s in odd shapes', dtype => {
    scope(() => {
      const values = dtype === 'bool' ? [1, 0, 1] : [1, 0, 3];
      const tensors: [string, ReturnType<typeof tensor>][] = [
        ['vector', tensor(values, { dtype })],
        ['scalar', tensor(1, { dtype })],
        ['empty', zeros([0], { dtype })],
        ['hollow', zeros([3, 0, 2], { dtype })],
        ['deep', zeros([1, 2, 1, 3], { dtype }).fill_(1)],
        ['transposed', tensor([values, values], { dtype }).t()],
        ['a.b/c "é" __proto__ 0', tensor([1], { dtype })],
        ['__proto__', tensor([1], { dtype })],
      ];
      saveSafetensors(path, tensors);
      const loaded = loadSafetensors(path);
      expect([...loaded.keys()].sort()).toEqual(tensors.map(([name]) => name).sort());
      for (const [name, original] of tensors) {
        const copy = loaded.get(name)!;
        expect([name, copy.dtype, copy.shape]).toEqual([name, original.dtype, original.shape]);
        expect(copy.toArray()).toEqual(original.toArray());
      }
    });
  });

  it('keeps every bit, NaN and infinities included', () => {
    const bits = new Float32Array([Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-45]);
    saveSafetensors(path, [['x', tensor(bits, [4])]]);
    const loaded = loadSafetensors(path).get('x')!.toTypedArray();
    expect(Buffer.from(loaded.buffer)).toEqual(Buffer.from(bits.buffer));
  });

  it('gives back what Hugging Face wrote, byte for byte of data', () => {
    const source = 'test/fixtures/hf/gpt2/lm/model.safetensors';
    const file = openSafetensors(source);
    expect(file.metadata).toEqual({ format: 'pt' });
    saveSafetensors(
      path,
      [...file.entries.keys()].map(name => [name, file.tensor(name)] as const),
    );
    const again = openSafetensors(path);
    expect(again.metadata).toEqual({ format: 'pt' });
    for (const name of file.entries.keys()) expect(again.tensor(name).equal(file.tensor(name))).toBe(true);
  });

  it('stores metadata and a file without tensors', () => {
    saveSafetensors(path, [], { metadata: { step: '3', note: 'é' } });
    expect(openSafetensors(path).metadata).toEqual({ step: '3', note: 'é' });
    expect(loadSafetensors(path).size).toBe(0);
  });

  it('refuses two tensors under one name', () => {
    const x = tensor([1]);
    expect(() =>
      saveSafetensors(join(folder, 'twice'), [
        ['x', x],
        ['x', x],
      ]),
    ).toThrow(/two tensors/);
    expect(() => saveSafetensors(join(folder, 'twice'), [['__metadata__', x]])).toThrow(/two tensors/);
    expect(existsSync(join(folder, 'twice'))).toBe(false);
  });
});

describe('layout', () => {
  it('aligns every tensor to its element type, wider types first', () => {
    const mixed: DType[] = ['uint8', 'float64', 'bfloat16', 'int32', 'bool', 'int64'];
    saveSafetensors(
      path,
      mixed.map(dtype => [dtype, zeros([3], { dtype })] as const),
    );
    const { length, json } = headerOf(path);
    expect(length % 8).toBe(0);
    for (const dtype of mixed) expect(json[dtype].data_offsets[0] % zeros([1], { dtype }).nbytes).toBe(0);
    expect(statSync(path).size).toBe(8 + length + 3 * (1 + 8 + 2 + 4 + 1 + 8));
  });

  it('is read without a copy, and the file never changes', () => {
    saveSafetensors(path, [['x', tensor([1, 2, 3])]]);
    const before = memoryStats().liveBytes;
    const x = openSafetensors(path).tensor('x');
    expect(memoryStats().liveBytes).toBe(before);
    x.mul_(5);
    expect(x.toNumbers()).toEqual([5, 10, 15]);
    expect(loadSafetensors(path).get('x')!.toNumbers()).toEqual([1, 2, 3]);
  });

  it('is read with a copy where the data are not aligned', () => {
    writeRaw('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} ');
    expect(openSafetensors(path).tensor('x').shape).toEqual([2]);
    writeRaw(
      { pad: { dtype: 'U8', shape: [1], data_offsets: [0, 1] }, x: { dtype: 'F32', shape: [1], data_offsets: [1, 5] } },
      5,
    );
    expect(new Uint8Array(openSafetensors(path).tensor('x').toTypedArray().buffer)).toEqual(
      new Uint8Array([1, 1, 1, 1]),
    );
  });
});

const f32 = (shape: unknown, data_offsets: unknown, dtype: unknown = 'F32') => ({ x: { dtype, shape, data_offsets } });
const entry = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';
const lies: [string, unknown, RegExp, number?, bigint?][] = [
  ['a length beyond the file', {}, /claims 500 bytes, the file has/, 8, 500n],
  ['an enormous length', {}, /more than the limit/, 8, 2n ** 64n - 1n],
  ['no JSON', '{nope', /not JSON/],
  ['no UTF-8', Buffer.from('{"\xff":1}', 'latin1'), /not JSON/],
  ['a list', [], /no JSON object/],
  ['null', 'null', /no JSON object/],
  ['an entry that is null', { x: null }, /unknown element type/],
  ['an entry that is a number', { x: 3 }, /unknown element type/],
  ['an unknown type', f32([2], [0, 8], 'F33'), /'x' has the unknown element type "F33"/],
  ['a type named like a method', f32([2], [0, 8], 'toString'), /unknown element type/],
  ['no shape', f32(undefined, [0, 8]), /no valid shape/],
  ['a negative size', f32([-2], [0, 8]), /no valid shape/],
  ['a fraction as size', f32([0.5, 4], [0, 8]), /no valid shape/],
  ['an enormous shape', f32([2 ** 40, 2 ** 40], [0, 8]), /impossible shape/],
  ['a shape that wraps around', f32([2 ** 31, 2 ** 31, 2 ** 2], [0, 8]), /impossible shape/],
  ['offsets that are no pair', f32([2], [0]), /no valid data_offsets/],
  ['negative offsets', f32([2], [-8, 0]), /no valid data_offsets/],
  ['offsets in reverse', f32([2], [8, 0]), /claims bytes 8 to 0/],
  ['offsets beyond the file', f32([4], [0, 16]), /claims bytes 0 to 16, the file has 8/],
  ['a size that does not fit', f32([1], [0, 8]), /is F32\[1\], 4 bytes, its place has 8/],
  ['a hole', f32([1], [4, 8]), /hole of 4 bytes before tensor 'x'/],
  ['bytes left over', f32([2], [0, 8]), /4 bytes at the end belong to no tensor/, 12],
  ['an overlap', { ...f32([2], [0, 8]), y: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, /'y' overlaps/],
  ['the same tensor twice', `{"x":${entry},"x":${entry}}`, /repeated/],
  ['the same property twice', `{"x":${entry.replace('{', '{"dtype":"F32",')}}`, /repeated/],
  ['metadata that are no strings', { __metadata__: { a: 1 }, ...f32([2], [0, 8]) }, /must map strings to strings/],
  ['metadata that are a list', { __metadata__: [], ...f32([2], [0, 8]) }, /must map strings to strings/],
];

describe('damaged files', () => {
  it.each(lies)('%s', (_, header, message, data, claimed) => {
    writeRaw(header, data, claimed);
    const expected = expect.objectContaining({ code: 'TSLM_BAD_SAFETENSORS', message: expect.stringMatching(message) });
    expect(() => openSafetensors(path)).toThrow(expected);
    expect(() => openSafetensors(path)).toThrow(path);
  });

  it('is not confused by colons, quotes and backslashes in names', () => {
    const name = 'a:"b\\":{c';
    saveSafetensors(path, [[name, tensor([1])]], { metadata: { 'k:"': 'v:\\' } });
    expect(loadSafetensors(path).get(name)!.item()).toBe(1);
  });

  it('cut off at any byte', () => {
    saveSafetensors(path, [
      ['x', tensor([1, 2, 3])],
      ['y', tensor([4], { dtype: 'int64' })],
    ]);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => openSafetensors(path), `${length} bytes`).toThrow(
        expect.objectContaining({ name: 'UserError', message: expect.stringContaining(path) }),
      );
    }
  });

  it('with random changes either load or are refused', { timeout: 300_000 }, () => {
    saveSafetensors(path, [
      [
        'x',
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ],
      ['y', tensor([1, 2, 3], { dtype: 'uint8' })],
    ]);
    const whole = readFileSync(path);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.constantFrom('set', 'delete', 'insert'), fc.nat(255));
    let refused = 0;
    let loaded = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), changes => {
        const bytes = [...whole];
        for (const [at, how, byte] of changes) {
          // Mostly characters that mean something in JSON.
          const value = byte < 128 ? byte : '{}[]:,"0123456789-e.'.charCodeAt(byte % 20);
          if (how === 'set') bytes[at] = value;
          else bytes.splice(at, how === 'delete' ? 1 : 0, ...(how === 'insert' ? [value] : []));
        }
        writeFileSync(path, Buffer.from(bytes));
        scope(() => {
          try {
            for (const x of loadSafetensors(path).values()) x.toTypedArray();
            loaded++;
          } catch (error) {
            expect(error).toMatchObject({ name: 'UserError', message: expect.stringContaining(path) });
            refused++;
          }
        });
      }),
      { numRuns: process.env.TSLM_LONG ? 2500 : 1000, seed: 2 },
    );
    expect(Math.min(refused, loaded)).toBeGreaterThan(20);
  });

  it.each([
    ['missing', 'none.safetensors', 'TSLM_ENOENT'],
    ['a folder', '.', 'TSLM_EISDIR'],
    ['below a file', 'file/x.safetensors', 'TSLM_ENOTDIR'],
  ])('that are %s', (_, name, code) => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openSafetensors(join(folder, name))).toThrow(expect.objectContaining({ code }));
  });

  it('names what a file holds when a tensor is missing', () => {
    saveSafetensors(path, [['weight', tensor([1])]]);
    expect(() => openSafetensors(path).tensor('bias')).toThrow(
      expect.objectContaining({ code: 'TSLM_NO_TENSOR', hint: 'it holds weight' }),
    );
  });
});

describe('a write that fails', () => {
  it('leaves the old file and nothing beside it', () => {
    const target = join(folder, 'sub', 'model.safetensors');
    saveSafetensors(target, [['x', tensor([1])]]);
    const freed = tensor([2]);
    const broken = { ...headerOf(target) };
    expect(() =>
      saveSafetensors(target, [
        ['x', freed],
        ['y', Object.assign(tensor([1]), { detach: () => freed.dispose() })],
      ]),
    ).toThrow();
    expect(readFileSync(target)).toEqual(broken.bytes);
    expect(readdirSync(join(folder, 'sub'))).toEqual(['model.safetensors']);
  });

  it.skipIf(!existsSync('/dev/full'))('on a full disk is one line that says so', () => {
    const target = join(folder, 'full', 'x');
    const write = () => writeAtomically(target, () => writeFully(openSync('/dev/full', 'w'), Buffer.alloc(10)));
    expect(write).toThrow(expect.objectContaining({ code: 'TSLM_ENOSPC', message: `${target}: the disk is full` }));
    expect(readdirSync(join(folder, 'full'))).toEqual([]);
  });
});
