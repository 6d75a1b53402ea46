import { closeSync, copyFileSync, ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/models/checkpoint/files.ts';
import { memoryStats, saveSafetensors, saveSharded, scope, tensor } from '../../src/torch/index.ts';
import { scratchFolder } from '../support/scratch.ts';
import { bin, py } from '../torch/pytorch-bin/writer.ts';

const scratch = scratchFolder();
const INDEX = 'model.safetensors.index.json';
const PICKLED_INDEX = 'pytorch_model.bin.index.json';

let folders = 0;
function newFolder(): string {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  return folder;
}

/** Files of tensors with one element each; JSON for an index. */
type Content = Record<string, unknown> | Buffer | string;

/** A folder with these files. */
function checkpointOf(files: Record<string, Content>): string {
  const folder = newFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(path, content);
    else if (name.endsWith('.json')) writeFileSync(path, JSON.stringify(content));
    else if (name.endsWith('.bin')) writeFileSync(path, pickled(content as Record<string, number>));
    else
      scope(() =>
        saveSafetensors(
          path,
          Object.entries(content).map(([key, value]) => [key, tensor([Number(value)])]),
        ),
      );
  }
  return folder;
}

function pickled(values: Record<string, number>): Buffer {
  const names = Object.keys(values);
  const one = (i: number) => py.tensor(py.storage('FloatStorage', String(i), 1), [1], [1]);
  const storages = names.map((name, i) => [i, Buffer.from(new Float32Array([values[name]]).buffer)]);
  return bin(py.dict(Object.fromEntries(names.map((name, i) => [name, one(i)]))), Object.fromEntries(storages));
}

const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

describe('where weights are', () => {
  const files = {
    'model.safetensors': { w: 1 },
    [INDEX]: { weight_map: { w: one } },
    [one]: { w: 2 },
    'pytorch_model.bin': { w: 3 },
    [PICKLED_INDEX]: { weight_map: { w: 'pytorch_model-00001-of-00001.bin' } },
    'pytorch_model-00001-of-00001.bin': { w: 4 },
  };

  it('one file before shards, safetensors before pickles', () => {
    const folder = checkpointOf(files);
    const formats = ['safetensors', 'safetensors', 'pytorch', 'pytorch'];
    for (const [i, file] of ['model.safetensors', INDEX, 'pytorch_model.bin', PICKLED_INDEX].entries()) {
      const checkpoint = openCheckpoint(folder);
      expect([checkpoint.format, checkpoint.keys, checkpoint.tensor('w').item()]).toEqual([formats[i], ['w'], i + 1]);
      expect(checkpoint.entry('w')).toEqual({ shape: [1], dtype: 'float32' });
      rmSync(join(folder, file));
    }
    expect(() => openCheckpoint(folder)).toThrow(
      expect.objectContaining({ code: 'TSLM_NO_WEIGHTS', message: `${folder}: there is no model.safetensors` }),
    );
  });

  it('a file of either kind that PyTorch wrote', () => {
    const folder = newFolder();
    copyFileSync('test/fixtures/pytorch-bin/tensors-zip.bin', join(folder, 'pytorch_model.bin'));
    const { file, entry, tensor } = openCheckpoint(folder);
    expect(file('base')).toBe(join(folder, 'pytorch_model.bin'));
    expect(entry('transposed')).toEqual({ shape: [6, 4], dtype: 'float32' });
    expect(tensor('transposed').equal(tensor('base').t())).toBe(true);
  });

  it('shards that were saved here', () => {
    const folder = newFolder();
    const keys = ['b', 'a', 'c'];
    saveSharded(
      folder,
      keys.map((key, i) => [key, tensor([i, i])]),
      { maxShardSize: 16 },
    );
    const checkpoint = openCheckpoint(folder);
    expect(checkpoint.keys).toEqual(['a', 'b', 'c']);
    expect(keys.map(key => checkpoint.tensor(key).toNumbers()[0])).toEqual([0, 1, 2]);
    expect(keys.map(key => checkpoint.file(key))).toEqual([one, one, two].map(name => join(folder, name)));
    expect(checkpoint.file('none')).toBe(join(folder, INDEX));
  });
});

describe('shards', () => {
  it('are opened when a tensor of theirs is asked for', () => {
    const folder = checkpointOf({ [INDEX]: { weight_map: { a: one, b: two } }, [one]: { a: 1 }, [two]: 'damaged' });
    const checkpoint = openCheckpoint(folder);
    expect(checkpoint.tensor('a').item()).toBe(1);
    expect(() => checkpoint.entry('b')).toThrow(expect.objectContaining({ code: 'TSLM_BAD_SAFETENSORS' }));
  });

  const good = { [one]: { a: 1 }, [two]: { b: 2 } };
  const index = (map: unknown) => ({ ...good, [INDEX]: { weight_map: map } });
  it.each<[string, Record<string, Content>, RegExp]>([
    ['no JSON', { ...good, [INDEX]: '{' }, /index.json: not valid JSON/],
    ['a list', { ...good, [INDEX]: '[]' }, /no 'weight_map'/],
    ['null', { ...good, [INDEX]: 'null' }, /no 'weight_map'/],
    ['no map', { ...good, [INDEX]: '{}' }, /no 'weight_map'/],
    ['a map that is a list', index(['a']), /no 'weight_map'/],
    ['an empty map', index({}), /names no tensor/],
    ['a number for a file', index({ a: 1 }), /'a' must be in a file of the same folder, not in 1$/],
    ['no file', index({ a: null }), /not in null$/],
    ['a path upwards', index({ a: `../${one}` }), /not in "\.\.\//],
    ['an absolute path', index({ a: `/tmp/${one}` }), /not in "\/tmp/],
    ['a path of Windows', index({ a: `..\\${one}` }), /not in/],
    ['a name with a zero byte', index({ a: `${one}\0.safetensors` }), /not in/],
    ['an empty name', index({ a: '' }), /not in ""$/],
    ['the folder', index({ a: '..' }), /which is no .safetensors file/],
    ['itself', index({ a: INDEX }), /which is no .safetensors file/],
    ['another format', { ...index({ a: 'a.bin' }), 'a.bin': { a: 1 } }, /which is no .safetensors file/],
    [
      'missing shards',
      index({ a: one, b: 'x.safetensors', c: 'y.safetensors' }),
      /2 shards are missing: x.safetensors, y/,
    ],
  ])('%s', (_, files, message) => {
    const folder = checkpointOf(files);
    const expected = expect.objectContaining({ name: 'UserError', message: expect.stringMatching(message) });
    expect(() => openCheckpoint(folder)).toThrow(expected);
    expect(() => openCheckpoint(folder)).toThrow(join(folder, INDEX));
  });

  it.each<[string, Record<string, Content>, string, RegExp]>([
    [
      'a key that its shard lacks',
      index({ a: one, b: two, c: one }),
      one,
      /tensor 'c' is missing, which the index places/,
    ],
    [
      'a key in two shards',
      { ...index({ a: one, b: two }), [two]: { a: 3, b: 2 } },
      two,
      /tensor 'a' is here, the index places it in model-00001/,
    ],
    [
      'a key that the index lacks',
      { ...index({ a: one, b: two }), [one]: { a: 1, c: 2 } },
      one,
      /tensor 'c' is not in the index/,
    ],
  ])('%s', (_, files, shard, message) => {
    const folder = checkpointOf(files);
    const { tensor, keys } = openCheckpoint(folder);
    const read = () => keys.map(tensor);
    expect(read).toThrow(expect.objectContaining({ code: 'TSLM_BAD_INDEX', message: expect.stringMatching(message) }));
    expect(read).toThrow(join(folder, shard));
  });

  it('has no tensor of another name', () => {
    const { tensor, entry } = openCheckpoint(checkpointOf(index({ a: one, b: two })));
    for (const read of [tensor, entry]) {
      for (const key of ['c', '__proto__', 'toString']) {
        expect(() => read(key)).toThrow(expect.objectContaining({ code: 'TSLM_NO_TENSOR' }));
      }
    }
  });
});

it.each(['model.safetensors', 'pytorch_model.bin'])('says when %s is only a pointer of Git LFS', name => {
  const pointer = 'version https://git-lfs.example/spec/v1\noid sha256:00\nsize 12345\n';
  expect(() => openCheckpoint(checkpointOf({ [name]: pointer }))).toThrow(
    expect.objectContaining({ code: 'TSLM_LFS_POINTER', hint: expect.stringContaining('git lfs pull') }),
  );
});

describe('a checkpoint of 500 MB', () => {
  const folder = newFolder();
  const size = 500_000_000;
  const header = Buffer.from(
    JSON.stringify({
      w: { dtype: 'F32', shape: [size / 8 / 1000, 1000], data_offsets: [0, size / 2] },
      b: { dtype: 'BF16', shape: [size / 4], data_offsets: [size / 2, size] },
    }).padEnd(192),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const fd = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(fd, Buffer.concat([length, header]));
  ftruncateSync(fd, 8 + header.length + size); // nothing on the disk, zeros to those who read
  closeSync(fd);

  it('is opened without reading or copying it', () => {
    const before = { rss: process.memoryUsage.rss(), live: memoryStats().liveBytes };
    const checkpoint = openCheckpoint(folder);
    expect(checkpoint.entry('b')).toEqual({ shape: [size / 4], dtype: 'bfloat16' });
    const tensors = checkpoint.keys.map(checkpoint.tensor);
    expect(tensors.map(x => x.nbytes)).toEqual([size / 2, size / 2]);
    expect(tensors[0].select(0, 17).sum().item()).toBe(0);
    expect(memoryStats().liveBytes - before.live).toBeLessThan(1_000_000);
    expect(process.memoryUsage.rss() - before.rss).toBeLessThan(50_000_000);
  });

  it('shares the pages of the file among several that open it', () => {
    const checkpoints = Array.from({ length: 20 }, () => openCheckpoint(folder));
    const live = memoryStats().liveBytes;
    scope(() => {
      for (const { tensor } of checkpoints) expect(tensor('w').shape).toEqual([size / 8 / 1000, 1000]);
    });
    expect(memoryStats().liveBytes).toBe(live);
  });
});
