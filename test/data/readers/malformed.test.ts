/** Data files of every format that were damaged at random: documents come of them, or an error with a code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { takeDocuments } from '../../../src/data/prepare/documents.ts';
import { failureOfRecords, newFacts } from '../../../src/data/readers/facts.ts';
import { findInputs } from '../../../src/data/readers/inputs.ts';
import { type ReadOptions, readChunks } from '../../../src/data/readers/read.ts';
import { UserError } from '../../../src/support/errors.ts';
import { damage, expectBoth } from '../../helpers/damage.ts';
import { mutateBytes, mutateText } from '../../helpers/mutations.ts';
import { randomText, scratchFolder, writeFiles } from '../helpers.ts';

const folder = scratchFolder();
const defaults: ReadOptions = {
  column: 'text',
  header: true,
  document: 'file',
  maxDocumentBytes: 1 << 20,
  exact: false,
  encoding: 'auto',
  temporaryFolder: folder,
};

/** The documents of a file; throws what was wrong with it as a whole. */
async function read(name: string, content: Uint8Array): Promise<number> {
  writeFiles(folder, { [name]: content });
  const files = await findInputs([join(folder, name)]);
  const facts = files.map(file => newFacts(file.path, file.size));
  let bytes = 0;
  for await (const chunk of readChunks(files, facts, defaults)) {
    const { failure, records, bad } = takeDocuments(chunk, defaults, document => (bytes += document.length));
    facts[chunk.source].failure ??= failure;
    facts[chunk.source].records += records;
    facts[chunk.source].badRecords += bad.length;
    facts[chunk.source].badExamples.push(...bad);
  }
  for (const one of facts) {
    const failure = one.failure ?? failureOfRecords(one);
    if (failure) throw new UserError(failure.code, failure.message, failure);
  }
  return bytes;
}

const texts = Array.from({ length: 12 }, (_, i) => randomText(9, i));
const jsonl = texts.map((text, i) => JSON.stringify({ id: i, text, more: [text, null] })).join('\n');
const csv = `id,text\n${texts.map((text, i) => `${i},"${text.replaceAll('"', '""')}, ""so""\n"`).join('\n')}\n`;
const parquet = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: 'id', data: texts.map((_, i) => i), type: 'INT32' },
      { name: 'text', data: [...texts.slice(1), null], type: 'STRING' },
    ],
    rowGroupSize: 5,
  }),
);
const arrow = readFileSync('test/fixtures/saved-dataset/data-00000-of-00001.arrow');
const signs = mutateText([
  '"',
  '""',
  ',',
  '\n',
  '\r',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  'null',
  '1e999',
  '\u2028',
  '\ud800',
]);

it.each([
  ['a.txt', Buffer.from(texts.join('\n\n')), mutateBytes],
  ['a.jsonl', Buffer.from(jsonl), mutateBytes],
  ['b.jsonl', Buffer.from(jsonl), signs],
  ['a.json', Buffer.from(`[${jsonl.replaceAll('\n', ',\n')}]`), mutateBytes],
  ['b.json', Buffer.from(`[${jsonl.replaceAll('\n', ',\n')}]`), signs],
  ['a.csv', Buffer.from(csv), mutateBytes],
  ['b.csv', Buffer.from(csv), signs],
  [
    'a.tsv',
    Buffer.from(`id\ttext\n${texts.map((text, i) => `${i}\t${text.replaceAll('\n', ' ')}\n`).join('')}`),
    signs,
  ],
  ['a.parquet', parquet, mutateBytes],
  ['a.arrow', arrow, mutateBytes],
  ['a.jsonl.gz', gzipSync(jsonl), mutateBytes],
  ['a.parquet.gz', gzipSync(parquet), mutateBytes],
  ['a.txt.zst', readFileSync('test/fixtures/two-frames.zst'), mutateBytes],
])('%s', { timeout: 1_800_000 }, async (name, original, mutate) => {
  expect(await read(name, original)).toBeGreaterThan(0);
  // Of a Parquet file whose pages cannot be decoded the thread that tries is ended after twenty seconds.
  const maxSeconds = name.includes('.parquet') ? 60 : undefined;
  const outcome = await damage(original, { mutate, maxSeconds, read: bytes => read(name, bytes) });
  expectBoth(outcome);
});
