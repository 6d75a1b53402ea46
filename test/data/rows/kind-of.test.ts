import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstRecords } from '../../../src/data/rows/first-record.ts';
import { kindOf } from '../../../src/data/rows/kind-of.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();

describe('kindOf', () => {
  it.each([
    [{ text: 'a', label: 'b' }, 'labelled', {}],
    [{ sentence: 'a', label: 1, idx: 7 }, 'labelled', { text: 'sentence' }],
    [{ premise: 'a', hypothesis: 'b', label: 1 }, 'labelled', { text: 'premise', pair: 'hypothesis' }],
    [{ review: 'a', sentiment: 'good' }, 'labelled', { text: 'review', label: 'sentiment' }],
    [{ tokens: ['a'], ner_tags: [0] }, 'tagged', { tags: 'ner_tags' }],
    [{ question: 'a', context: 'b', answers: { text: [], answer_start: [] } }, 'reading', {}],
    [{ source: 'a', target: 'b' }, 'translation', {}],
    [{ anchor: 'a', positive: 'b' }, 'triplet', {}],
  ])('%j', (record, kind, columns) => {
    expect(kindOf([record], 'rows')).toEqual({ kind, columns });
  });

  it('takes the columns that it is told', () => {
    const record = { review: 'a', stars: 5, label: 'ignored' };
    expect(kindOf([record], 'rows', { label: 'stars' })).toEqual({
      kind: 'labelled',
      columns: { text: 'review', label: 'stars' },
    });
  });

  it('says what there is and what would be understood', () => {
    expect(() => kindOf([{ body: 'a', stars: 5 }], 'rows.csv')).toThrow(
      expect.objectContaining({
        code: 'TSLM_NO_KIND',
        message: 'rows.csv: columns body, stars are no kind of rows that is known',
        hint: expect.stringContaining('text + label'),
      }),
    );
  });
});

describe('firstRecords', () => {
  it('reads lines and tables as they are', async () => {
    const [lines, table] = [join(folder, 'a.jsonl'), join(folder, 'b.csv')];
    writeFileSync(lines, '{"text":"a","label":1}\n\n{"text":"b","more":[1,2]}\n');
    writeFileSync(table, 'text,label\n"a, b",good\n');
    expect(await firstRecords([lines])).toEqual([
      { text: 'a', label: 1 },
      { text: 'b', more: [1, 2] },
    ]);
    expect(await firstRecords([table])).toEqual([{ text: 'a, b', label: 'good' }]);
    expect(await firstRecords([lines, table], 1)).toHaveLength(1);
  });

  it('needs a record', async () => {
    writeFileSync(join(folder, 'empty.jsonl'), '\n');
    await expect(firstRecords([join(folder, 'empty.jsonl')])).rejects.toMatchObject({ code: 'TSLM_NO_ROWS' });
  });
});
