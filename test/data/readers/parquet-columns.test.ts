import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { openColumns } from '../../../src/data/readers/parquet-columns.ts';
import { errorOf, scratchFolder, writeFiles } from '../helpers.ts';

const folder = scratchFolder();
const texts = Array.from({ length: 12 }, (_, i) => `text ${i}`);
const whole = new Uint8Array(
  parquetWriteBuffer({
    columnData: [{ name: 'text', data: [...texts.slice(1), null], type: 'STRING' }],
    rowGroupSize: 6,
  }),
);

function open(bytes: Uint8Array, seconds?: number) {
  writeFiles(folder, { 'a.parquet': bytes });
  return openColumns({ path: join(folder, 'a.parquet'), columns: ['text'], utf8: true }, bytes.length, { seconds });
}

it('gives the values of each range', async () => {
  await using columns = open(whole);
  expect(await columns.read(1)).toEqual([[...texts.slice(7), null]]);
  expect(await columns.read(0)).toEqual([texts.slice(1, 7)]);
});

// A bit of what pages say of themselves: how many values, how long a run.
it.each([
  [12, 7],
  [78, 7],
])('ends what would be decoded without end: byte %i, bit %i', async (at, bit) => {
  const damaged = whole.slice();
  damaged[at] ^= 1 << bit;
  await using columns = open(damaged, 1);
  const error = await errorOf(async () => [await columns.read(0), await columns.read(1)]);
  expect(String(error)).toMatch(/not decoded after 2 s|more values than they can hold/);
});
