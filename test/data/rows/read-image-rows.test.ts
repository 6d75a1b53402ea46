import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { binary, struct, tableFromArrays, tableToIPC, utf8 } from '@uwdata/flechette';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { readImageRows } from '../../../src/data/rows/read-image-rows.ts';
import { usageError } from '../../../src/support/errors.ts';
import { dataUrlOf, pngOf, randomImage } from '../../helpers/images.ts';
import { describeShared } from '../../helpers/shared.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { errorOf, writeFiles } from '../helpers.ts';

const folder = scratchFolder();
const images = [1, 2, 3].map(seed => randomImage(4, 3, seed));
const pngs = images.map(pngOf);
const at = (name: string): string => join(folder, name);
const lines = (rows: readonly object[]): string => rows.map(row => JSON.stringify(row)).join('\n');
const labels = ['cat', 'dog', 'cat'];
const rowsOf = async (paths: string[], options = {}) => {
  const rows = await readImageRows(paths, options);
  return Array.from({ length: rows.length }, (_, i) => rows.row(i));
};
const expected = images.map((image, i) => ({ ...image, label: labels[i], text: `text ${i}` }));

writeFiles(folder, {
  'a/0.png': pngs[0],
  'a/1.png': pngs[1],
  'a/deep/2.png': pngs[2],
  'a/rows.jsonl': lines(
    ['0.png', '1.png', 'deep/2.png'].map((image, i) => ({ image, label: labels[i], text: `text ${i}` })),
  ),
  'urls.jsonl': lines(images.map((image, i) => ({ image: dataUrlOf(image), label: labels[i], text: `text ${i}` }))),
  'numbers.jsonl': lines(pngs.map((png, i) => ({ image: { bytes: [...png] }, label: labels[i], text: `text ${i}` }))),
  'a/rows.csv': 'file,kind,words\n0.png,cat,text 0\n1.png,dog,text 1\ndeep/2.png,cat,text 2\n',
  'hub.arrow': tableToIPC(
    tableFromArrays(
      { image: pngs.map(png => ({ bytes: png, path: null })), label: labels, text: images.map((_, i) => `text ${i}`) },
      { types: { image: struct({ bytes: binary(), path: utf8() }), label: utf8(), text: utf8() } },
    ),
    { format: 'file' },
  )!,
  'hub.parquet': Buffer.from(
    parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 3 },
        { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
        { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
        { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        { name: 'label', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      ],
      columnData: [
        { name: 'image', data: pngs.map((png, i) => ({ bytes: Uint8Array.from(png), path: `${i}.png` })) },
        { name: 'label', data: labels },
        { name: 'text', data: images.map((_, i) => `text ${i}`) },
      ],
    }),
  ),
});

describe('rows of images', () => {
  it.each([
    'a/rows.jsonl',
    'urls.jsonl',
    'numbers.jsonl',
    'hub.parquet',
    'hub.arrow',
  ])('are the same from %s', async name => {
    expect(await rowsOf([at(name)])).toEqual(expected);
    const { fingerprint } = await readImageRows([at(name)]);
    expect(fingerprint).toBe((await readImageRows([at('a/rows.jsonl')])).fingerprint);
  });

  it('have columns of other names, and what is needed', async () => {
    const columns = { image: 'file', label: 'kind', text: 'words' };
    expect(await rowsOf([at('a/rows.csv')], { columns })).toEqual(expected);
    const few = await rowsOf([at('a/rows.csv')], { columns: { image: 'file' } });
    expect(few).toEqual(images);
    expect(
      (await errorOf(() => rowsOf([at('a/rows.csv')], { columns: { image: 'file' }, needed: ['label'] }))).message,
    ).toBe(`${at('a/rows.csv')}: no column 'label'; there are: file, kind, words`);
  });

  it('are kept as they are prepared', async () => {
    const prepare = () => randomImage(1, 1, 9);
    expect(await rowsOf([at('a/rows.jsonl')], { prepare })).toEqual(
      expected.map(({ label, text }) => ({ ...randomImage(1, 1, 9), label, text })),
    );
  });
});

describe('a folder of images', () => {
  writeFiles(folder, {
    'pets/cat/1.png': pngs[0],
    'pets/cat/2.PNG': pngs[2],
    'pets/dog/1.png': pngs[1],
    'pets/notes.txt': 'not an image',
    'told/1.png': pngs[0],
    'told/more/2.png': pngs[1],
    'told/metadata.jsonl': lines([
      { file_name: 'more/2.png', text: 'second' },
      { file_name: '1.png', text: 'first' },
    ]),
    'untold/1.png': pngs[0],
    'untold/2.png': pngs[1],
    'untold/metadata.csv': 'file_name,label\n2.png,dog\n',
    'flat/1.png': pngs[0],
  });

  it('has the labels that its folders are called', async () => {
    const rows = await rowsOf([at('pets')], { needed: ['label'] });
    expect(rows).toEqual([
      { ...images[0], label: 'cat' },
      { ...images[2], label: 'cat' },
      { ...images[1], label: 'dog' },
    ]);
    expect((await errorOf(() => rowsOf([at('flat')], { needed: ['label'] }))).message).toBe(
      `${at('flat/1.png')}: the image has no label`,
    );
  });

  it('and so have images that a pattern finds', async () => {
    const rows = await rowsOf([at('pets/*/1.png')], { needed: ['label'] });
    expect(rows.map(({ label }) => label)).toEqual(['cat', 'dog']);
  });

  it('or what a table says, which has to say it of all', async () => {
    expect(await rowsOf([at('told')])).toEqual([
      { ...images[1], text: 'second' },
      { ...images[0], text: 'first' },
    ]);
    const error = await errorOf(() => rowsOf([at('untold')]));
    expect(error.message).toBe(`${at('untold/1.png')}: metadata.csv does not name it`);
    expect((await readImageRows([at('untold')], { skipBad: true })).bad).toBe(1);
  });
});

describe('files of many images', () => {
  const idx = (dimensions: number[], values: number[]): Buffer => {
    const head = Buffer.alloc(4 + 4 * dimensions.length);
    head.writeUInt32BE(0x800 + dimensions.length);
    for (const [i, size] of dimensions.entries()) head.writeUInt32BE(size, 4 + 4 * i);
    return Buffer.concat([head, Buffer.from(values)]);
  };
  const record = (label: number): Buffer =>
    Buffer.from([
      label,
      ...Array(1024).fill(10 + label),
      ...Array(1024).fill(20 + label),
      ...Array(1024).fill(30 + label),
    ]);
  writeFiles(folder, {
    'm/train-images-idx3-ubyte.gz': gzipSync(idx([2, 1, 2], [1, 2, 3, 4])),
    'm/train-labels-idx1-ubyte': idx([2], [7, 9]),
    'cut/t-images-idx3-ubyte': idx([2, 1, 2], [1, 2, 3]),
    'odd/t-images-idx3-ubyte': idx([2, 1, 2], [1, 2, 3, 4]),
    'odd/t-labels-idx1-ubyte': idx([1], [7]),
    'bare/t-images-idx3-ubyte': idx([1, 1, 1], [5]),
    'c/data_batch_1.bin': Buffer.concat([record(3), record(8)]),
    'c/cut.bin': record(1).subarray(1),
  });

  it("are MNIST's, with labels beside them", async () => {
    const grey = (...values: number[]) => Uint8Array.from(values.flatMap(value => [value, value, value]));
    const rows = [
      { pixels: grey(1, 2), width: 2, height: 1, label: 7 },
      { pixels: grey(3, 4), width: 2, height: 1, label: 9 },
    ];
    expect(await rowsOf([at('m/train-images-idx3-ubyte.gz')])).toEqual(rows);
    expect(await rowsOf([at('m')])).toEqual(rows);
    expect(await rowsOf([at('bare/t-images-idx3-ubyte')])).toEqual([{ pixels: grey(5), width: 1, height: 1 }]);
  });

  it("and CIFAR-10's", async () => {
    const [first, second] = await rowsOf([at('c/data_batch_1.bin')]);
    expect([first.width, first.height, first.label, second.label]).toEqual([32, 32, 3, 8]);
    expect([...first.pixels.subarray(0, 3), ...second.pixels.subarray(-3)]).toEqual([13, 23, 33, 18, 28, 38]);
  });

  it('which are whole, or are named', async () => {
    const messageOf = async (name: string, options = {}) => (await errorOf(() => rowsOf([at(name)], options))).message;
    expect(await messageOf('cut/t-images-idx3-ubyte')).toBe(
      `${at('cut/t-images-idx3-ubyte')}: [2, 1, 2] are 4 bytes, and there are 3`,
    );
    expect(await messageOf('odd')).toMatch(/1 labels, and .* has 2 images$/);
    expect(await messageOf('c/cut.bin')).toMatch(/3072 bytes are no whole number of CIFAR-10's records/);
    expect(await messageOf('m/train-labels-idx1-ubyte')).toMatch(/labels without images$/);
    expect(await messageOf('bare', { needed: ['label'] })).toMatch(/row 1: the image has no label$/);
  });
});

describe('a bad image', () => {
  writeFiles(folder, {
    'bad/ok.png': pngs[0],
    'bad/cut.png': pngs[1].subarray(0, pngs[1].length - 40),
    'bad/text.png': 'hello',
    'bad/rows.jsonl': lines(
      ['ok.png', 'nowhere.png', 'cut.png', 'text.png', 'ok.png', ''].map((image, i) => ({
        image,
        label: i === 4 ? 'bird' : 'cat',
      })),
    ),
    'bad/only.csv': 'image,label\ncut.png,cat\n',
  });
  const table = at('bad/rows.jsonl');
  const checkLabel = (label: string | number) => {
    if (label === 'bird') throw usageError('TSLM_NO_LABEL', `no label '${label}'`, 'there is cat');
  };

  it('is an error that names file and row', async () => {
    const failing = async (line: number) => {
      const [first, ...others] = ['ok.png', 'nowhere.png', 'cut.png', 'text.png', 'ok.png', ''];
      const label = line === 4 ? 'bird' : 'cat';
      writeFiles(folder, {
        'bad/one.jsonl': lines([
          { image: first, label: 'cat' },
          { image: others[line - 1], label },
        ]),
      });
      return await errorOf(() => rowsOf([at('bad/one.jsonl')], { checkLabel }));
    };
    const place = `${at('bad/one.jsonl')}: row 2`;
    expect((await failing(1)).message).toBe(`${place}: nowhere.png: no such file or folder`);
    expect((await failing(2)).message).toMatch(`${place}: cut.png: a damaged PNG image (`);
    expect((await failing(3)).message).toBe(`${place}: text.png: not a PNG, JPEG, WebP or GIF image`);
    const wrong = await failing(4);
    expect([wrong.message, wrong.hint]).toEqual([
      `${place}: no label 'bird'`,
      'there is cat; or leave bad rows out and count them: data.skipBad=true',
    ]);
    expect((await failing(5)).message).toBe(`${place}: column 'image' is empty`);
    for (const line of [1, 2, 3, 4, 5]) expect((await failing(line)).message).not.toContain('\n');
  });

  it('is left out and counted where that is asked for', async () => {
    const rows = await readImageRows([table], { skipBad: true, checkLabel });
    expect([rows.length, rows.bad]).toEqual([1, 5]);
    expect((await errorOf(() => readImageRows([at('bad/only.csv')], { skipBad: true }))).message).toMatch(
      /there is no image$/,
    );
  });
});

describeShared('data/mnist', 'MNIST', path => {
  it('is what its README says', async () => {
    const rows = await readImageRows([join(path, 'valid-images-idx3-ubyte.gz')]);
    expect(rows.length).toBe(1000);
    const { width, height, label } = rows.row(0);
    expect([width, height, typeof label]).toEqual([28, 28, 'number']);
  });
});

describeShared('data/nlvr', 'NLVR', path => {
  it('has sentences about images', async () => {
    const rows = await readImageRows([join(path, 'dev.jsonl.gz')], { columns: { text: 'sentence' } });
    expect([rows.length, rows.row(0).width, rows.row(0).height, rows.row(0).label]).toEqual([600, 400, 100, 'true']);
  });
});

describeShared('data/cifar10', 'CIFAR-10', path => {
  it('has classes in turn', async () => {
    const rows = await readImageRows([join(path, 'train.bin.gz')]);
    expect(rows.length).toBe(2000);
    expect(Array.from({ length: 10 }, (_, i) => rows.row(i).label)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
