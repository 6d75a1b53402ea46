import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRows } from '../../../src/data/rows/read-rows.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { errorOf, writeFiles } from '../helpers.ts';

const folder = scratchFolder();
const pairs = [
  { source: 'two dogs', target: 'zwei Hunde' },
  { source: '一只猫', target: 'eine Katze' },
  { source: 'a "quoted", text', target: 'mit Komma, und "Anführung"' },
];
const csv = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
writeFiles(folder, {
  'pairs.jsonl': pairs.map(row => JSON.stringify({ ...row, more: 1 })).join('\n'),
  'pairs.json': JSON.stringify(pairs, null, 2),
  'pairs.csv': ['source,target', ...pairs.map(({ source, target }) => `${csv(source)},${csv(target)}`)].join('\n'),
  'pairs.tsv': ['source\ttarget', ...pairs.map(({ source, target }) => `${source}\t${target}`)].join('\n'),
  'nested.jsonl': pairs
    .map(({ source, target }) => JSON.stringify({ translation: { en: source, de: target } }))
    .join('\n'),
  'triplets.jsonl': [
    { anchor: 'a', positive: 'b', negative: 'c' },
    { anchor: 'd', positive: 'e' },
  ]
    .map(row => JSON.stringify(row))
    .join('\n'),
});
const file = (name: string): string => join(folder, name);
const allRows = <Row>(rows: { length: number; row(i: number): Row }): Row[] =>
  Array.from({ length: rows.length }, (_, i) => rows.row(i));

describe('rows from files', () => {
  it.each(['pairs.jsonl', 'pairs.json', 'pairs.csv', 'pairs.tsv'])('are the same from %s', async name => {
    const rows = await readRows('translation', [file(name)]);
    expect(allRows(rows)).toEqual(pairs);
    expect(rows.found).toEqual([]); // one shape alone is nothing to tell of
    expect(rows.place(1)).toBe(`${file(name)}: row 2`);
    expect(rows.fingerprint).toBe((await readRows('translation', [file('pairs.jsonl')])).fingerprint);
  });

  it('have columns of other names, below others too', async () => {
    const columns = { source: 'translation.en', target: 'translation.de' };
    expect(allRows(await readRows('translation', [file('nested.jsonl')], { columns }))).toEqual(pairs);
    expect(allRows(await readRows('text', [file('pairs.csv')], { columns: { text: 'target' } }))).toEqual(
      pairs.map(({ target }) => ({ text: target })),
    );
  });

  it('may lack what is not needed', async () => {
    expect(allRows(await readRows('triplet', [file('triplets.jsonl')]))).toEqual([
      { anchor: 'a', positive: 'b', negative: 'c' },
      { anchor: 'd', positive: 'e' },
    ]);
  });
});

describe('rows that are labelled', () => {
  writeFiles(folder, {
    'labels.csv': 'text,label\na film,good\nanother,1',
    'flags.jsonl': '{"text":"a","pair":"b","label":[0,1]}\n{"text":"c","label":2}',
    'tags.jsonl': '{"tokens":["The","river"],"ner_tags":[0,3]}\n{"tokens":["Dogs"],"ner_tags":["B-X"]}',
    'tags.csv': 'tokens,tags\nThe river,O B',
    'squad.jsonl': [
      { question: 'q', context: 'the river', answers: { text: ['river'], answer_start: [4] } },
      { question: 'q', context: 'dogs', answers: { text: [], answer_start: [] } },
      { question: 'q', context: 'a cat', answers: [{ text: 'cat', start: 2 }] },
    ]
      .map(row => JSON.stringify(row))
      .join('\n'),
    'uneven.jsonl': '{"tokens":["a","b"],"tags":["O"]}',
    'answers.jsonl': '{"question":"q","context":"c","answers":"c"}',
  });

  it('have names, numbers or flags for labels', async () => {
    expect(allRows(await readRows('labelled', [file('labels.csv')]))).toEqual([
      { text: 'a film', label: 'good' },
      { text: 'another', label: '1' },
    ]);
    expect(allRows(await readRows('labelled', [file('flags.jsonl')]))).toEqual([
      { text: 'a', pair: 'b', label: [0, 1] },
      { text: 'c', label: '2' },
    ]);
  });

  it('have a tag for each word', async () => {
    expect(allRows(await readRows('tagged', [file('tags.jsonl')], { columns: { tags: 'ner_tags' } }))).toEqual([
      { tokens: ['The', 'river'], tags: ['0', '3'] },
      { tokens: ['Dogs'], tags: ['B-X'] },
    ]);
    expect(allRows(await readRows('tagged', [file('tags.csv')]))).toEqual([
      { tokens: ['The', 'river'], tags: ['O', 'B'] },
    ]);
    expect((await errorOf(() => readRows('tagged', [file('uneven.jsonl')]))).message).toMatch(
      /row 1: 2 words and 1 tags/,
    );
  });

  it('have answers as SQuAD does', async () => {
    expect(allRows(await readRows('reading', [file('squad.jsonl')])).map(({ answers }) => answers)).toEqual([
      [{ text: 'river', start: 4 }],
      [],
      [{ text: 'cat', start: 2 }],
    ]);
    const wrong = await errorOf(() => readRows('reading', [file('answers.jsonl')]));
    expect(wrong.message).toMatch(/column 'answers' is not a list of answers with a text and a start/);
  });
});

describe('bad rows', () => {
  const bad = {
    'missing.jsonl': ['{"source":"a","ziel":"b"}'],
    'empty.jsonl': ['{"source":"a","target":"b"}', '{"source":"c","target":" "}'],
    'type.jsonl': ['{"source":"a","target":"b"}', '{"source":"c","target":{"x":1}}'],
    'broken.jsonl': ['{"source":"a","target":"b"}', '{"source":"c","tar'],
    'other.jsonl': ['{"source":"a","target":"b"}', '[1]'],
  };
  writeFiles(folder, Object.fromEntries(Object.entries(bad).map(([name, lines]) => [name, lines.join('\n')])));

  it.each([
    ['missing.jsonl', /missing\.jsonl: no column 'target'; there are: source, ziel$/],
    ['empty.jsonl', /empty\.jsonl: row 2: column 'target' is empty$/],
    ['type.jsonl', /type\.jsonl: row 2: column 'target' is neither a text nor a list of texts$/],
    ['broken.jsonl', /broken\.jsonl: row 2: no JSON: /],
    ['other.jsonl', /other\.jsonl: row 2: no column 'source'$|row 2: no JSON object$/],
  ])('of %s are named by file and row', async (name, message) => {
    expect((await errorOf(() => readRows('translation', [file(name)]))).message).toMatch(message);
  });

  it('are left out and counted where that is asked for', async () => {
    const rows = await readRows('translation', [file('empty.jsonl'), file('broken.jsonl')], { skipBad: true });
    expect([rows.length, rows.bad]).toEqual([2, 2]);
    expect(await errorOf(() => readRows('translation', [file('missing.jsonl')], { skipBad: true }))).toMatchObject({
      code: 'TSLM_NO_COLUMN',
    });
  });

  it('columns that the kind has not are refused', async () => {
    const error = await errorOf(() => readRows('text', [file('pairs.csv')], { columns: { label: 'x' } }));
    expect(error.message).toBe("data.columns: rows of the kind 'text' have no column 'label'");
  });
});
