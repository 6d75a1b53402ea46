import { describe, expect, it } from 'vitest';
import { createFieldReader, noColumn } from '../../../src/data/readers/fields.ts';
import { splitArray } from '../../../src/data/readers/json.ts';
import { collect } from '../helpers.ts';

const textOf = (record: object, column: string) => createFieldReader({ column }).read(record).text;

describe('a column', () => {
  it('is a name or a path, through lists too', () => {
    const record = {
      text: 'a',
      'x.y': 'b',
      meta: { text: 'c', deep: { er: 'd' } },
      turns: [{ said: 'e' }, { said: 'f' }],
      none: null,
    };
    expect(
      ['text', 'x.y', 'meta.text', 'meta.deep.er', 'turns.said', 'none', 'none.text'].map(path => textOf(record, path)),
    ).toEqual(['a', 'b', 'c', 'd', 'e\nf', '', '']);
    expect(createFieldReader({ column: 'meta.txt' }).read(record)).toEqual({
      missing: 'meta.txt',
      problem: "no column 'meta.txt'",
    });
  });

  it('of messages is what was said, in both forms of them', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] },
    ];
    expect(textOf({ messages }, 'messages')).toBe('Hi\n\nHello');
    expect(textOf({ conversations: [{ from: 'human', value: 'Hi' }] }, 'conversations')).toBe('Hi');
    expect(textOf({ messages: [{ role: 'user' }] }, 'messages')).toBeUndefined();
  });

  it('that is missing is an error with those there are, and the nearest, at any depth', () => {
    expect(noColumn('text', { id: 1, meta: { text: 'a' } }, 'a.jsonl')).toMatchObject({
      message: "a.jsonl: no column 'text'; there are: id, meta",
      hint: 'did you mean --column meta.text?',
    });
  });
});

it('a template puts fields together, and must name one', () => {
  const read = (template: string) =>
    createFieldReader({ column: 'text', template }).read({ title: 'A', body: ['b', 'c'] }).text;
  expect(read('{title}\\n{body}')).toBe('A\nb\nc');
  expect(read('{{{title}}}\n')).toBe('{A}\n');
  expect(() => createFieldReader({ column: 'text', template: 'no field' })).toThrow(/names no field/);
});

it('an array is cut into its elements, wherever the pieces are cut', async () => {
  const values = [{ a: '[{"\\' }, { b: [1, { c: ']' }] }, 3, 'x,y', {}];
  const bytes = Buffer.from(`\n ${JSON.stringify(values, null, 1)} trailing`);
  for (const size of [1, 2, 5, 1000]) {
    const stream = (async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })();
    const texts: string[] = [];
    for (const { bytes: part, ends } of await collect(splitArray(stream))) {
      for (const [i, end] of ends.entries())
        texts.push(Buffer.from(part.subarray(i === 0 ? 0 : ends[i - 1], end)).toString());
    }
    expect(texts.map(text => JSON.parse(text))).toEqual(values);
  }
});
