/** Conversations in files: what they are is found by their columns, and bad rows are named. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRows } from '../../../src/data/rows/read-rows.ts';
import { type ShapedKind, shapeReader } from '../../../src/data/rows/shapes.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { errorOf, writeFiles } from '../helpers.ts';

const read = (kind: ShapedKind, record: object, columns = {}) => shapeReader(kind, columns).read(record);
const rowOf = (kind: ShapedKind, record: object) => read(kind, record).row;
const problemOf = (kind: ShapedKind, record: object) => {
  const found = read(kind, record);
  return found.row === undefined ? found.problem : undefined;
};

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

describe('instructions', () => {
  it("are TRL's conversations, prompts with completions, or texts", () => {
    const messages = [user('Hi'), assistant('Hello')];
    expect(rowOf('instruction', { messages, id: 3 })).toEqual({ messages });
    expect(rowOf('instruction', { prompt: 'a', completion: ' b' })).toEqual({ prompt: 'a', completion: ' b' });
    expect(rowOf('instruction', { prompt: [messages[0]], completion: [messages[1]] })).toEqual({
      prompt: [messages[0]],
      completion: [messages[1]],
    });
    expect(rowOf('instruction', { text: 'a' })).toEqual({ text: 'a' });
  });

  it("are Alpaca's, with what was said before", () => {
    const record = { instruction: 'Add', input: '1 2', output: '3', history: [['Hi', 'Hello']] };
    expect(rowOf('instruction', record)).toEqual({
      prompt: [user('Hi'), assistant('Hello'), user('Add\n\n1 2')],
      completion: [assistant('3')],
    });
    expect(rowOf('instruction', { instruction: 'Add', input: '', output: '3' })).toEqual({
      prompt: [user('Add')],
      completion: [assistant('3')],
    });
  });

  it("are ShareGPT's, with calls of tools", () => {
    const tools = [{ type: 'function', function: { name: 'weather' } }];
    const record = {
      conversations: [
        { from: 'human', value: 'Oslo?' },
        { from: 'function_call', value: '{"name": "weather", "arguments": {"city": "Oslo"}}' },
        { from: 'observation', value: 'cold' },
        { from: 'gpt', value: 'It is cold.' },
      ],
      system: 'Be brief.',
      tools: JSON.stringify(tools),
    };
    const call = { name: 'weather', arguments: { city: 'Oslo' } };
    expect(rowOf('instruction', record)).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        user('Oslo?'),
        { role: 'assistant', content: '', tool_calls: [{ type: 'function', function: call }] },
        { role: 'tool', content: 'cold' },
        assistant('It is cold.'),
      ],
      tools,
    });
  });

  it('lose the empty keys that tables have, and read arguments that are JSON text', () => {
    const calls = [{ function: { name: 'f', arguments: '{"x": 1}' } }];
    const messages = [
      { ...user('a'), tool_calls: null },
      { role: 'assistant', content: null, tool_calls: calls },
    ];
    expect(rowOf('chat', { messages })).toEqual({
      messages: [user('a'), { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: { x: 1 } } }] }],
    });
  });

  it('that are none say what is wrong', () => {
    expect(problemOf('instruction', { question: 'a' })).toBe(
      'its columns are question, wanted messages, or conversations, or prompt and completion, or instruction and output, or text',
    );
    expect(problemOf('instruction', { messages: [{ content: 'a' }] })).toMatch(/'messages' is no list of messages/);
    expect(problemOf('instruction', { messages: [] })).toBe("column 'messages' is empty");
    expect(problemOf('instruction', { prompt: 'a', completion: ' ' })).toBe("column 'completion' is empty");
    expect(problemOf('instruction', { text: 7 })).toBe("column 'text' is no text");
  });

  it('may have columns of other names', () => {
    expect(read('instruction', { chat: [user('a')] }, { messages: 'chat' }).row).toEqual({ messages: [user('a')] });
  });
});

describe('preferences', () => {
  it('have a prompt, or begin with it', () => {
    expect(rowOf('preference', { prompt: 'a', chosen: ' b', rejected: ' c' })).toEqual({
      prompt: 'a',
      chosen: ' b',
      rejected: ' c',
    });
    const [prompt, one, other] = [user('a'), assistant('b'), assistant('c')];
    const row = { prompt: [prompt], chosen: [one], rejected: [other] };
    expect(rowOf('preference', { chosen: [prompt, one], rejected: [prompt, other] })).toEqual(row);
    expect(rowOf('preference', { prompt: 'a', chosen: [prompt, one], rejected: [prompt, other] })).toEqual(row);
    expect(rowOf('preference', { prompt: 'a', chosen: [one], rejected: [other], margin: 2 })).toEqual({
      ...row,
      margin: 2,
    });
    expect(rowOf('preference', { chosen: 'The sky is blue', rejected: 'The sky is green' })).toEqual({
      prompt: 'The sky is',
      chosen: ' blue',
      rejected: ' green',
    });
  });

  it('of equal answers, or without a common prompt, are bad', () => {
    expect(problemOf('preference', { prompt: 'a', chosen: 'b', rejected: 'b' })).toBe(
      'the chosen and the rejected answer are equal',
    );
    expect(problemOf('preference', { chosen: 'b', rejected: 'c' })).toBe('the answers have no prompt in common');
    expect(problemOf('preference', { chosen: 'ab', rejected: 'a' })).toBe('an answer is empty');
  });

  it('are Alpaca’s and ShareGPT’s', () => {
    expect(rowOf('preference', { instruction: 'a', chosen: 'b', rejected: 'c' })).toEqual({
      prompt: [user('a')],
      chosen: [assistant('b')],
      rejected: [assistant('c')],
    });
    const conversations = [{ from: 'human', value: 'a' }];
    const [chosen, rejected] = ['b', 'c'].map(value => ({ from: 'gpt', value }));
    expect(rowOf('preference', { conversations, chosen, rejected })).toEqual({
      prompt: [user('a')],
      chosen: [assistant('b')],
      rejected: [assistant('c')],
    });
  });
});

describe('feedback', () => {
  it('is good or not', () => {
    for (const [label, is] of [
      [true, true],
      ['False', false],
      [1, true],
      ['0', false],
    ] as const) {
      expect(rowOf('feedback', { prompt: 'a', completion: ' b', label })).toMatchObject({ label: is });
    }
    expect(problemOf('feedback', { prompt: 'a', completion: ' b', label: 'maybe' })).toBe(
      "column 'label' is neither true nor false",
    );
  });
});

describe('in files', () => {
  const folder = scratchFolder();
  const place = (name: string): string => join(folder, name);

  it('what was found is said for each, and each row has a place', async () => {
    writeFiles(folder, {
      'chats.jsonl': `${JSON.stringify({ messages: [user('a'), assistant('b')] })}\n\n${JSON.stringify({ text: 'c' })}`,
      'table.csv': 'prompt,completion\na,b\n,c\nd,e\n',
    });
    const rows = await readRows('instruction', [place('chats.jsonl'), place('table.csv')], { skipBad: true });
    expect([rows.length, rows.bad]).toEqual([4, 1]);
    expect(rows.found.map(({ shape, rows: count }) => [shape, count])).toEqual([
      ['conversations', 1],
      ['texts', 1],
      ['prompts and completions', 2],
    ]);
    expect(Array.from({ length: 4 }, (_, i) => rows.place(i).replace(folder, ''))).toEqual([
      '/chats.jsonl: row 1',
      '/chats.jsonl: row 2',
      '/table.csv: row 1',
      '/table.csv: row 3',
    ]);
  });

  it('a bad row is an error that names it', async () => {
    writeFiles(folder, {
      'pairs.jsonl': '{"prompt":"a","chosen":"b","rejected":"c"}\n{"prompt":"a","chosen":"b","rejected":"b"}',
    });
    const error = await errorOf(() => readRows('preference', [place('pairs.jsonl')]));
    expect(error).toMatchObject({
      code: 'TSLM_BAD_ROW',
      message: expect.stringContaining('pairs.jsonl: row 2: the chosen and the rejected answer are equal'),
    });
  });
});
