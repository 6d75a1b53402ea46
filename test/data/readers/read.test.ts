import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { takeDocuments } from '../../../src/data/prepare/documents.ts';
import { failureOfRecords, newFacts, type SourceFacts } from '../../../src/data/readers/facts.ts';
import { findInputs } from '../../../src/data/readers/inputs.ts';
import { type ReadOptions, readChunks } from '../../../src/data/readers/read.ts';
import { UserError } from '../../../src/support/errors.ts';
import { errorOf, scratchFolder, writeFiles } from '../helpers.ts';

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

/** The documents of one file, or of a folder, and what is known about it. */
async function read(name: string, content: string | Uint8Array | undefined, options: Partial<ReadOptions> = {}) {
  if (content !== undefined) writeFiles(folder, { [name]: content });
  const files = await findInputs([join(folder, name)]);
  const facts: SourceFacts[] = files.map(file => newFacts(file.path, file.size));
  const documents: string[] = [];
  const resolved = { ...defaults, ...options };
  for await (const chunk of readChunks(files, facts, resolved)) {
    const result = takeDocuments(chunk, resolved, bytes => documents.push(Buffer.from(bytes).toString()));
    facts[chunk.source].records += result.records;
    facts[chunk.source].badRecords += result.bad.length;
    facts[chunk.source].badExamples.push(...result.bad);
    facts[chunk.source].failure ??= result.failure;
  }
  return { documents, facts };
}

/** The same, where nothing may fail. */
async function readWhole(...args: Parameters<typeof read>) {
  const result = await read(...args);
  for (const { failure } of result.facts) if (failure) throw new UserError(failure.code, failure.message, failure);
  return result;
}

const documents = async (...args: Parameters<typeof read>): Promise<string[]> => (await readWhole(...args)).documents;

describe('text', () => {
  test('is a document, or lines, or paragraphs', async () => {
    const text = 'one\ntwo\n\nthree\n';
    expect(await documents('a.txt', text)).toEqual([text]);
    expect(await documents('a.txt', text, { document: 'line' })).toEqual(['one', 'two', '', 'three']);
    expect(await documents('a.txt', text, { document: 'paragraph' })).toEqual(['one\ntwo', 'three']);
  });

  test('may be gzipped, in UTF-16, or in another encoding that is named', async () => {
    expect(await documents('a.md.gz', gzipSync('天地'))).toEqual(['天地']);
    expect(await documents('b.txt', Buffer.from('\ufeff天 é', 'utf16le'))).toEqual(['天 é']);
    expect(await documents('c.txt', Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).toEqual(['a']);
    expect(await documents('d.txt', Buffer.from([0xcc, 0xec, 0xb5, 0xd8]), { encoding: 'gb18030' })).toEqual(['天地']);
  });

  test('that is cut short, empty or binary is an error when it was named', async () => {
    expect(await errorOf(() => readWhole('cut.gz', gzipSync('text '.repeat(1000)).subarray(0, 30)))).toMatchObject({
      code: 'TSLM_BAD_GZIP',
    });
    expect(await errorOf(() => readWhole('not.gz', 'no gzip'))).toMatchObject({ code: 'TSLM_BAD_GZIP' });
    expect(await errorOf(() => readWhole('empty.txt', ''))).toMatchObject({ code: 'TSLM_EMPTY_FILE' });
    expect(await errorOf(() => readWhole('binary.txt', `a${'\0'.repeat(64)}`))).toMatchObject({
      code: 'TSLM_BINARY_FILE',
    });
    expect(await errorOf(() => readWhole('control.txt', 'ab\u0001\u0002\u0003'))).toMatchObject({
      code: 'TSLM_BINARY_FILE',
    });
  });

  test('in a folder is read past what is empty or binary', async () => {
    writeFiles(folder, { 'mixed/a.txt': 'A', 'mixed/b.bin': 'b\0\0\0', 'mixed/c.txt': '', 'mixed/d.txt': 'D' });
    const { documents, facts } = await read('mixed', undefined);
    expect(documents).toEqual(['A', 'D']);
    expect(facts.map(({ skipped }) => skipped)).toEqual([undefined, 'binary', 'empty', undefined]);
  });

  test('is hashed as it lies on disk', async () => {
    const { facts } = await read('hash.txt', 'abc');
    expect(facts[0].sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(facts[0].bytesRead).toBe(3);
  });
});

describe('JSON lines', () => {
  test('give a column: texts, lists of lines, numbers, nothing', async () => {
    const lines = ['{"text":"a\\nb"}', '', '{"text":["c","d"],"x":1}', '{"text":5}', '{"text":null}'].join('\n');
    expect(await documents('a.jsonl', lines)).toEqual(['a\nb', 'c\nd', '5', '']);
  });

  test('that cannot be read are counted with their lines', async () => {
    const { documents, facts } = await read('bad.jsonl', '{"text":"a"}\n\n{"text":\n[1]\n{"txt":"b"}\n{"text":{}}\n');
    expect(documents).toEqual(['a']);
    expect(facts[0]).toMatchObject({ records: 5, badRecords: 4 });
    expect(facts[0].badExamples.map(({ line }) => line)).toEqual([3, 4, 5, 6]);
    expect(facts[0].badExamples[2].problem).toBe("no column 'text'");
  });

  test('without the column are an error that names those there are, and the nearest', async () => {
    const error = await errorOf(() => readWhole('a.jsonl', '{"title":"a","content":"b"}', { column: 'contents' }));
    expect(error).toMatchObject({ code: 'TSLM_NO_COLUMN', exitCode: 2, hint: 'did you mean --column content?' });
    expect(error.message).toContain('there are: title, content');
    expect(await errorOf(() => readWhole('b.jsonl', '{"text":{}}'))).toMatchObject({ code: 'TSLM_BAD_COLUMN' });
  });

  test('are refused where more than one in a hundred is bad', () => {
    const facts = {
      ...newFacts('x.jsonl', 1),
      records: 1000,
      badRecords: 10,
      badExamples: [{ line: 7, problem: 'p' }],
    };
    expect(failureOfRecords(facts)).toBeUndefined();
    expect(failureOfRecords({ ...facts, badRecords: 11 })?.message).toMatch(/x\.jsonl: 11 of 1000 .*line 7: p/);
  });
});

describe('CSV', () => {
  test('gives a column by its name, with quotes and line breaks', async () => {
    const csv = 'label,text\n1,"a ""b"",\nc"\n2,d\n';
    expect(await documents('a.csv', csv)).toEqual(['a "b",\nc', 'd']);
    expect(await documents('a.csv.gz', gzipSync(csv))).toEqual(['a "b",\nc', 'd']);
  });

  test('without a header numbers its columns', async () => {
    expect(await documents('b.csv', '1,one\n2,two\n', { header: false, column: '2' })).toEqual(['one', 'two']);
    const error = await errorOf(() => readWhole('b.csv', '1,one\n', { header: false }));
    expect(error).toMatchObject({ code: 'TSLM_NO_COLUMN' });
  });

  test('in tabs takes quotes as they are', async () => {
    expect(await documents('a.tsv', 'text\tlabel\n"hm\t1\nsaid "so"\t0\n')).toEqual(['"hm', 'said "so"']);
  });

  test('with short records counts them, and with an open quote is an error', async () => {
    const { documents, facts } = await read('c.csv', 'id,text\n1,a\n2\n3,c\n');
    expect(documents).toEqual(['a', 'c']);
    expect(facts[0]).toMatchObject({ records: 3, badRecords: 1 });
    expect(facts[0].badExamples[0].line).toBe(3);
    expect(await errorOf(() => readWhole('d.csv', 'text\n"open\n'))).toMatchObject({ code: 'TSLM_BAD_CSV' });
  });
});

describe('Parquet', () => {
  const file = new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: [1, 2, 3], type: 'INT32' },
        { name: 'text', data: ['one', '天地', null], type: 'STRING' },
      ],
      rowGroupSize: 2,
    }),
  );

  test('gives a column, row group by row group, gzipped too', async () => {
    expect(await documents('a.parquet', file)).toEqual(['one', '天地', '']);
    expect(await documents('a.parquet.gz', gzipSync(file))).toEqual(['one', '天地', '']);
  });

  test('without the column or damaged is an error', async () => {
    const error = await errorOf(() => readWhole('a.parquet', file, { column: 'txt' }));
    expect(error).toMatchObject({ code: 'TSLM_NO_COLUMN', hint: 'did you mean --column text?' });
    expect(await errorOf(() => readWhole('b.parquet', 'PAR1 not really'))).toMatchObject({ code: 'TSLM_BAD_PARQUET' });
  });
});

test('a document longer than allowed comes in pieces, from records too', async () => {
  const long = `${'word '.repeat(2000)}end`;
  const pieces = await documents('long.jsonl', JSON.stringify({ text: long }), { maxDocumentBytes: 4096 });
  expect(pieces.length).toBe(3);
  expect(pieces.join('')).toBe(long);
});
