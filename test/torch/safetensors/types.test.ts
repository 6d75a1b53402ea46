/** Element types of the format that libtorch does not have. Values: the tables of the FP8 paper. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSafetensors, type SafetensorsFile } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();

let files = 0;
/** A file with one tensor `x` of these bytes, and `y`, a float32 after it. */
function stored(dtype: string, shape: number[], bytes: ArrayBufferView | number[]): SafetensorsFile {
  const path = join(folder, `${files++}.safetensors`);
  const content = Array.isArray(bytes) ? Buffer.from(bytes) : Buffer.from(bytes.buffer);
  const json = Buffer.from(
    JSON.stringify({
      x: { dtype, shape, data_offsets: [0, content.length] },
      y: { dtype: 'F32', shape: [1], data_offsets: [content.length, content.length + 4] },
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, content, Buffer.from(new Float32Array([7]).buffer)]));
  return openSafetensors(path);
}

it('F8_E4M3 becomes float32', () => {
  const bytes = [0x00, 0x80, 0x38, 0xb8, 0x01, 0x07, 0x08, 0x7e, 0xfe, 0x7f, 0xff, 0x45];
  const x = stored('F8_E4M3', [3, 4], bytes).tensor('x');
  expect([x.dtype, x.shape]).toEqual(['float32', [3, 4]]);
  const values = [0, -0, 1, -1, 2 ** -9, 7 * 2 ** -9, 2 ** -6, 448, -448, Number.NaN, Number.NaN, 3.25];
  expect(x.toNumbers()).toEqual(values);
});

it('F8_E5M2 becomes float32: the upper byte of a float16', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const halves = Uint16Array.from(bytes, byte => byte << 8);
  const x = stored('F8_E5M2', [256], bytes).tensor('x');
  const y = stored('F16', [256], halves).tensor('x');
  expect(x.dtype).toBe('float32');
  expect(x.toNumbers()).toEqual(y.toNumbers());
});

it('U16 and U32 become wider integers', () => {
  const u16 = stored('U16', [3], new Uint16Array([0, 0x8000, 0xffff])).tensor('x');
  const u32 = stored('U32', [1, 3], new Uint32Array([0, 0x80000000, 0xffffffff])).tensor('x');
  expect([u16.dtype, u16.toNumbers()]).toEqual(['int32', [0, 0x8000, 0xffff]]);
  expect([u32.dtype, u32.toArray()]).toEqual(['int64', [[0, 0x80000000, 0xffffffff]]]);
});

it('F8_E8M0 and F4, scales and elements of MXFP4, become float32', () => {
  const scales = stored('F8_E8M0', [4], [0, 127, 130, 255]).tensor('x');
  expect([scales.dtype, scales.toNumbers()]).toEqual(['float32', [2 ** -127, 1, 8, Number.NaN]]);
  const elements = stored('F4', [2, 4], [0x10, 0x32, 0x54, 0xf6]).tensor('x');
  expect([elements.shape, elements.toNumbers()]).toEqual([
    [2, 4],
    [0, 0.5, 1, 1.5, 2, 3, 4, -6],
  ]);
});

it('U64 becomes int64 where that holds it', () => {
  const x = stored('U64', [2], new BigUint64Array([5n, 2n ** 40n])).tensor('x');
  expect([x.dtype, x.toNumbers()]).toEqual(['int64', [5, 2 ** 40]]);
  const large = stored('U64', [1], new BigUint64Array([2n ** 63n]));
  expect(() => large.tensor('x')).toThrow('9223372036854775808');
});

it.each([
  ['F6_E2M3', [4], 3],
  ['F6_E3M2', [8], 6],
  ['F8_E4M3FNUZ', [4], 4],
  ['F8_E5M2FNUZ', [4], 4],
  ['C64', [1], 8],
])('%s is refused once it is used', (dtype, shape, bytes) => {
  const file = stored(dtype, shape, new Uint8Array(bytes));
  expect(file.entries.get('x')).toMatchObject({ shape, dtype: undefined });
  expect(file.tensor('y').item()).toBe(7);
  expect(() => file.tensor('x')).toThrow(
    expect.objectContaining({
      code: 'TSLM_UNSUPPORTED_DTYPE',
      message: `${file.path}: tensor 'x' is stored as ${dtype}`,
    }),
  );
});

it('elements of half a byte must fill whole bytes', () => {
  expect(() => stored('F4', [3], new Uint8Array(2))).toThrow(/'x' has the impossible shape \[3\]/);
});

it('shapes that no tensor has', () => {
  const none = new Uint8Array(0);
  expect(() => stored('F32', [2 ** 50, 2 ** 50, 0], none)).toThrow(/impossible shape/);
  expect(() => stored('F32', Array(100_000).fill(1), new Uint8Array(4))).toThrow(/impossible shape \[1, 1.*, …\]$/);
});

it.each(['[2.0]', '[2e0]', '[0.2e1]'])('sizes that are not written as whole numbers: %s', shape => {
  const json = Buffer.from(`{"a.5e":{"dtype":"I32","shape":${shape},"data_offsets":[0,8]}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(folder, 'fraction.safetensors');
  writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(8)]));
  expect(() => openSafetensors(path)).toThrow(/whole/);
});
