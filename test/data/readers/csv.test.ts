import { describe, expect, it } from 'vitest';
import { readCsv } from '../../../src/data/readers/csv.ts';
import { newFacts } from '../../../src/data/readers/facts.ts';
import { createFieldReader } from '../../../src/data/readers/fields.ts';
import { collect, errorOf } from '../helpers.ts';

async function read(
  csv: string,
  { column = 'text', template = undefined as string | undefined, delimiter = ',', header = true } = {},
) {
  const facts = newFacts('a.csv', csv.length);
  const stream = (async function* () {
    yield Buffer.from(csv);
  })();
  const fields = createFieldReader({ column, template });
  const texts = await collect(readCsv(stream, { fields, delimiter, header }, facts));
  return { texts, facts };
}

describe('quotes within quotes', () => {
  it('are doubled, or come after a backslash', async () => {
    expect((await read('id,text\n0,"a ""b"", c"\n1,"d"\n')).texts).toEqual(['a "b", c', 'd']);
    expect((await read('id,text\n0,"a \\"b\\", c"\n1,"d"\n')).texts).toEqual(['a "b", c', 'd']);
    expect((await read('text,id\n"a \\"b\\", c\nd",0\n"e\\\\f",1\n')).texts).toEqual(['a "b", c\nd', 'e\\f']);
  });

  it('are doubled in a file with a backslash before a closing quote', async () => {
    expect((await read('text,id\n"C:\\",0\n"a ""b""",1\n"c",2\n')).texts).toEqual(['C:\\', 'a "b"', 'c']);
  });
});

describe('a record', () => {
  it('longer than the first is bad, for its text would be cut', async () => {
    const { texts, facts } = await read('id,text\n1,a, b\n2,c\n3,d,,\n');
    expect(texts).toEqual(['c', 'd']);
    expect(facts).toMatchObject({ records: 3, badRecords: 1 });
    expect(facts.badExamples[0]).toEqual({ line: 2, problem: '3 cells, the first record has 2' });
  });

  it('gives several cells by a template', async () => {
    expect((await read('title,text\nA,b\n', { template: '# {title}\\n{text}' })).texts).toEqual(['# A\nb']);
  });
});

it('a delimiter may be named, and is guessed in the hint', async () => {
  expect((await read('id;text\n1;a,b\n', { delimiter: ';' })).texts).toEqual(['a,b']);
  expect(await errorOf(() => read('id;text\n1;a,b\n'))).toMatchObject({
    code: 'TSLM_NO_COLUMN',
    hint: expect.stringContaining("--delimiter ';'"),
  });
  expect(await errorOf(() => read('id,text\n1,a\n', { column: 'txt' }))).toMatchObject({ code: 'TSLM_NO_COLUMN' });
});
