import { describe, expect, test } from 'vitest';
import { type AugmentReport, augmentRows } from '../../../src/data/augment/augment-rows.ts';
import { augmentedRows } from '../../../src/data/augment/augmented-rows.ts';
import { edaAugmenter } from '../../../src/data/augment/eda-augmenter.ts';
import { type Lexicon, lexiconOf } from '../../../src/data/augment/lexicon.ts';
import type { Dataset } from '../../../src/data/rows/dataset.ts';
import type { Rows } from '../../../src/data/rows/rows.ts';
import { errorOf, randomText } from '../helpers.ts';

const lexicon: Lexicon = { ...lexiconOf(), synonymsOf: word => [`${word}x`] };
const augmenter = edaAugmenter({ seed: 5, alpha: 0.3, lexicon });

function run(lines: readonly string[], options: Partial<Parameters<typeof augmentRows>[3]> = {}) {
  const written = augmentRows(lines, 'rows.jsonl', augmenter, { columns: ['text'], count: 3, ...options });
  const all: string[] = [];
  for (;;) {
    const next = written.next();
    if (next.done) return { lines: all, rows: all.map(line => JSON.parse(line)), report: next.value as AugmentReport };
    all.push(next.value);
  }
}

describe('rows of a file', () => {
  const rows = Array.from({ length: 6 }, (_, i) => ({ id: i, text: randomText(12, i), label: i % 2 ? 'a' : 'b' }));
  const lines = rows.map(row => JSON.stringify(row));

  test('are followed by their variants, and keep their other columns', () => {
    const { rows: written, report } = run(lines);
    expect(report).toMatchObject({ rows: 6, written: written.length });
    expect(report.variants + report.unchanged).toBe(18);
    expect(report.written).toBe(6 + report.variants);
    for (const row of rows) {
      const own = written.filter(({ id }) => id === row.id);
      expect(own[0]).toEqual(row);
      expect(own.length).toBeGreaterThan(1);
      for (const variant of own.slice(1)) {
        expect(variant).toEqual({ ...row, text: variant.text });
        expect(variant.text).not.toBe(row.text);
      }
    }
    expect(run(lines, { originals: false }).report.written).toBe(report.variants);
  });

  test('are drawn by seed and row: the same without the rows before, and again', () => {
    expect(run(lines).lines).toEqual(run(lines).lines);
    const blank = [JSON.stringify({ ...rows[0], text: '' }), ...lines.slice(1)];
    const of = (written: { id: number }[]) => written.filter(({ id }) => id === 5);
    expect(of(run(blank).rows)).toEqual(of(run(lines).rows));
    const other = edaAugmenter({ seed: 6, alpha: 0.3, lexicon });
    const texts = (from: typeof other) => from.texts(rows[0].text, 9, { row: 0, column: 0 });
    expect(texts(other)).not.toEqual(texts(augmenter));
  });

  test('of several columns, and of words with tags', () => {
    const two = run([JSON.stringify({ a: 'red dog runs', b: 'blue cat sits', c: 1 })], {
      columns: ['a', 'b'],
      count: 8,
    });
    expect(two.rows.some(({ a, b }) => a !== 'red dog runs' && b !== 'blue cat sits')).toBe(true);
    const sentence = { tokens: ['Ann', 'Lee', 'likes', 'apples'], ner: ['B-PER', 'I-PER', 'O', 'O'], id: 3 };
    const tagged = run([JSON.stringify(sentence)], { columns: ['tokens'], tags: 'ner', count: 8 });
    expect(tagged.report.variants).toBeGreaterThan(3);
    for (const row of tagged.rows) {
      expect(row.tokens).toHaveLength(row.ner.length);
      expect(row.id).toBe(3);
    }
  });

  test.each([
    [['{"text": 1}'], {}, /row 1: column 'text' is no text/],
    [['{"text": "a b"}', '{"txt": "a"}'], {}, /row 2: no column 'text'; there are: txt/],
    [['{"text": ["a"]}'], {}, /row 1: column 'text' is no text/],
    [['{"text": ["a"], "tags": []}'], { tags: 'tags' }, /row 1: 1 words and 0 tags/],
    [['{"text": "a", "tags": []}'], { tags: 'tags' }, /row 1: column 'text' is no list/],
    [['{"text"'], {}, /row 1: no JSON/],
    [['', ' '], {}, /no rows/],
    [['{"a":1}'], { columns: ['a', 'b'], tags: 'c' }, /one column of words/],
  ])('that are not what they should be are named: %j', async (given, options, message) => {
    expect((await errorOf(() => run(given, options))).message).toMatch(message);
  });

  test('lose no tags to a method that gives whole texts', async () => {
    const { texts } = augmenter;
    const given = { columns: ['tokens'], tags: 'tags', count: 1 };
    const error = await errorOf(() => augmentRows([''], 'x', { texts }, given).next());
    expect(error.message).toContain('no tags');
  });
});

describe('rows in training', () => {
  const data: Dataset<Rows['labelled']> = {
    length: 40,
    row: index => ({ text: randomText(20, index), pair: randomText(20, 100 + index), label: index }),
    fingerprint: 'x',
  };
  const rows = augmentedRows('labelled', data, { seed: 1, lexicon });
  const all = (epoch: number, order = [...Array(40).keys()]) => {
    const read = new Map(order.map(index => [index, rows.row(index, epoch)]));
    return [...Array(40).keys()].map(index => read.get(index)!);
  };

  test('are another variant in each epoch, whatever was read before', () => {
    expect(all(0)).toEqual(all(0, [...Array(40).keys()].reverse()));
    expect(rows.row(7, 3)).toEqual(all(3)[7]);
    const texts = (epoch: number) => all(epoch).map(({ text }) => text);
    expect(texts(0)).not.toEqual(texts(1));
    expect(all(2).map(({ label }) => label)).toEqual([...Array(40).keys()]);
    expect(all(0).some(({ pair }, i) => pair !== data.row(i).pair)).toBe(true);
  });

  test('stay as they are as often as that is asked for', () => {
    const same = (probability: number): number => {
      const some = augmentedRows('labelled', data, { seed: 1, lexicon, probability, operations: ['synonym'] });
      let count = 0;
      for (let epoch = 0; epoch < 25; epoch++) {
        for (let i = 0; i < 40; i++) if (some.row(i, epoch).text === data.row(i).text) count++;
      }
      return count / 1000;
    };
    expect(same(1)).toBe(0);
    expect(Math.abs(same(0.4) - 0.6)).toBeLessThan(0.06);
  });

  test('of a kind without text are refused', async () => {
    const windows = { length: 1, row: () => ({ ids: new Uint16Array(1), starts: [] }), fingerprint: '' };
    const error = await errorOf(() => augmentedRows('tokens', windows, { seed: 1, lexicon }));
    expect(error).toMatchObject({ code: 'TSLM_NO_TEXT', exitCode: 2 });
    expect(error.message).toContain("'tokens'");
  });

  test('keep what must not change: answers, tags, translations', () => {
    const one = <Row>(row: Row): Dataset<Row> => ({ length: 1, row: () => row, fingerprint: '' });
    const options = { seed: 1, lexicon, probability: 1 };
    const reading = { question: 'who is red here', context: 'a b', answers: [{ text: 'a', start: 0 }] };
    const asked = augmentedRows('reading', one(reading), options);
    const questions = Array.from({ length: 9 }, (_, epoch) => asked.row(0, epoch));
    expect(questions.some(({ question }) => question !== reading.question)).toBe(true);
    for (const row of questions) expect(row).toEqual({ ...reading, question: row.question });
    const pair = augmentedRows('translation', one({ source: 'red dog', target: 'roter Hund' }), options);
    for (let epoch = 0; epoch < 5; epoch++) expect(pair.row(0, epoch).target).toBe('roter Hund');
    const tagged = augmentedRows('tagged', one({ tokens: ['red', 'dog'], tags: [0, 1] }), options);
    for (let epoch = 0; epoch < 9; epoch++) {
      const { tokens, tags } = tagged.row(0, epoch);
      for (const [i, token] of tokens.entries()) expect(tags[i]).toBe(token.startsWith('red') ? 0 : 1);
    }
  });
});
