import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatOf } from '../../../src/data/readers/format.ts';
import { findInputs, splitInputs } from '../../../src/data/readers/inputs.ts';
import { errorOf, scratchFolder, writeFiles } from '../helpers.ts';

const folder = writeFiles(scratchFolder(), {
  'a/one.txt': '1',
  'a/two.md': '2',
  'a/deep/three.txt': '3',
  'a/node_modules/pkg/four.txt': '4',
  'a/node_modules/pkg/node_modules/five.txt': '5',
  'a/.hidden/six.txt': '6',
  'a/.dotfile.txt': '7',
});
symlinkSync(join(folder, 'a/one.txt'), join(folder, 'a/link.txt'));
symlinkSync(join(folder, 'a/deep'), join(folder, 'a/linked-folder'));

const found = async (inputs: string[], options = {}): Promise<string[]> =>
  (
    await findInputs(
      inputs.map(input => join(folder, input)),
      options,
    )
  ).map(file => relative(folder, file.path));

test('the name tells the format', () => {
  expect(formatOf('x/README')).toEqual({ format: 'text', compression: undefined });
  expect(formatOf('a.JSONL.gz')).toEqual({ format: 'jsonl', compression: 'gzip' });
  expect(formatOf('a.tar.ts')).toEqual({ format: 'code', compression: undefined });
  expect(formatOf('a.json.zst')).toEqual({ format: 'json', compression: 'zstd' });
  expect(formatOf('data-00000-of-00001.arrow').format).toBe('arrow');
  expect(formatOf('train.parquet').format).toBe('parquet');
});

describe('inputs', () => {
  test('in folders are sorted; hidden files and node_modules are passed over', async () => {
    expect(await found(['a'])).toEqual(['a/deep/three.txt', 'a/one.txt', 'a/two.md']);
  });

  test('behind links are read once, under the name of the link where there is no other', async () => {
    const hub = writeFiles(scratchFolder(), { 'blobs/aa': '{"text":"a"}', 'blobs/bb': '{"text":"b"}' });
    mkdirSync(join(hub, 'snapshots/main/data'), { recursive: true });
    symlinkSync('../../../blobs/aa', join(hub, 'snapshots/main/data/train-0.jsonl'));
    symlinkSync('../../../blobs/bb', join(hub, 'snapshots/main/data/train-1.jsonl'));
    symlinkSync('../../../blobs/bb', join(hub, 'snapshots/main/data/train-2.jsonl'));
    symlinkSync('../../../blobs/gone', join(hub, 'snapshots/main/data/train-3.jsonl'));
    symlinkSync('..', join(hub, 'snapshots/main/loop'));
    const names = async (input: string) => (await findInputs([join(hub, input)])).map(file => basename(file.path));
    expect(await names('snapshots/main')).toEqual(['train-0.jsonl', 'train-1.jsonl']);
    expect(await names('snapshots/main/data/*.jsonl')).toEqual(['train-0.jsonl', 'train-1.jsonl']);
    expect((await findInputs([join(hub, 'snapshots/main')]))[0]).toMatchObject({ format: 'jsonl', size: 12 });
  });

  test('of a saved dataset are its .arrow files', async () => {
    const saved = writeFiles(scratchFolder(), {
      'dataset_dict.json': '{}',
      'train/data-00000-of-00001.arrow': '',
      'train/state.json': '{}',
      'train/dataset_info.json': '{}',
      'other/state.json': '{}',
    });
    const files = await findInputs([saved]);
    expect(files.map(file => relative(saved, file.path))).toEqual([
      'other/state.json',
      'train/data-00000-of-00001.arrow',
    ]);
  });

  test('in a folder that is or lies inside node_modules or a hidden folder are read', async () => {
    expect(await found(['a/node_modules'])).toEqual([
      'a/node_modules/pkg/four.txt',
      'a/node_modules/pkg/node_modules/five.txt',
    ]);
    expect(await found(['a/node_modules/pkg'])).toHaveLength(2);
    expect(await found(['a/.hidden'])).toEqual(['a/.hidden/six.txt']);
  });

  test('are chosen by include and exclude', async () => {
    expect(await found(['a'], { include: ['**/*.txt'], exclude: ['deep/**', 'linked*/**'] })).toEqual(['a/one.txt']);
  });

  test('keep the order given, may be globs, and are read once', async () => {
    expect(await found(['a/two.md', 'a/*.txt', 'a'])).toEqual(['a/two.md', 'a/one.txt', 'a/deep/three.txt']);
  });

  test('named by themselves are told from those found', async () => {
    const files = await findInputs([join(folder, 'a/one.txt'), join(folder, 'a/deep')]);
    expect(files.map(file => file.named)).toEqual([true, false]);
  });

  test('of validation and test come first', async () => {
    const files = await splitInputs([join(folder, 'a')], {
      validationInputs: [join(folder, 'a/two.md')],
      testInputs: [join(folder, 'a/deep')],
    });
    expect(files.map(file => [relative(folder, file.path), file.split])).toEqual([
      ['a/deep/three.txt', 'test'],
      ['a/two.md', 'validation'],
      ['a/one.txt', undefined],
    ]);
  });

  test('that are not there are errors', async () => {
    expect(await errorOf(() => found(['nothing.txt']))).toMatchObject({ code: 'TSLM_ENOENT', exitCode: 1 });
    expect(await errorOf(() => found(['a/*.pdf']))).toMatchObject({ code: 'TSLM_NO_INPUT', exitCode: 2 });
    mkdirSync(join(folder, 'empty'));
    expect(await errorOf(() => found(['empty']))).toMatchObject({ code: 'TSLM_NO_INPUT', exitCode: 2 });
  });
});
