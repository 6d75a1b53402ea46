import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ChatDelta,
  createToolCallReader,
  type ToolCallReaderOptions,
} from '../../../src/engine/tools/tool-call-reader.ts';

const names = ['f', 'get.weather'];

/** The text in pieces of some sizes, and what was found put together. */
function read(format: ToolCallReaderOptions['format'], text: string, sizes: readonly number[] = [1]) {
  const reader = createToolCallReader({ format, names });
  const deltas: ChatDelta[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length];
    deltas.push(...reader.push(text.slice(at, at + size)));
    at += size;
  }
  deltas.push(...reader.end());
  let content = '';
  const calls: { name: string; arguments: string }[] = [];
  for (const delta of deltas) {
    if ('content' in delta) content += delta.content;
    else if (delta.call.id !== undefined)
      calls[delta.call.index] = { name: delta.call.name!, arguments: delta.call.arguments };
    else calls[delta.call.index].arguments += delta.call.arguments;
  }
  expect(reader.calls).toBe(calls.length);
  return { content, calls };
}

const call = (name: string, text: string): string =>
  `<tool_call>\n{"name": "${name}", "arguments": ${text}}\n</tool_call>`;

describe('calls in tags (hermes)', () => {
  it('are found among what is said', () => {
    expect(read('hermes', `Well.\n\n${call('f', '{"a": [1, "}"]}')}\n${call('get.weather', '{}')}\n`)).toEqual({
      content: 'Well.',
      calls: [
        { name: 'f', arguments: '{"a": [1, "}"]}' },
        { name: 'get.weather', arguments: '{}' },
      ],
    });
  });

  it('take arguments before the name, inside of a string, or none', () => {
    for (const text of [
      '{"arguments": {"a":1}, "name": "f"}',
      '{"id": 7, "name": "f", "arguments": "{\\"a\\":1}"}',
      '{"name":"f","parameters":{"a":1}}',
    ]) {
      expect(read('hermes', `<tool_call>${text}</tool_call>`)).toEqual({
        content: '',
        calls: [{ name: 'f', arguments: '{"a":1}' }],
      });
    }
    expect(read('hermes', '<tool_call>{"name":"f"}</tool_call>').calls).toEqual([{ name: 'f', arguments: '{}' }]);
  });

  it.each([
    'a < b',
    'tags like <tool',
    'white space \n',
    `${call('g', '{}')}`,
    '<tool_call>no JSON</tool_call>',
    '<tool_call>{"name": "f',
  ])('leave %j as it is', text => {
    expect(read('hermes', text)).toEqual({ content: text, calls: [] });
  });

  it('come out the same however the text comes in pieces', () => {
    const text = `a <b> ${call('f', '{"x": "<tool_call>\\"\\\\"}')} c ${call('nobody', '{"y": {}}')} d`;
    const whole = read('hermes', text, [text.length]);
    expect(whole.content).toBe(`a <b> c ${call('nobody', '{"y": {}}')} d`);
    expect(whole.calls).toEqual([{ name: 'f', arguments: '{"x": "<tool_call>\\"\\\\"}' }]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), sizes => {
        expect(read('hermes', text, sizes)).toEqual(whole);
      }),
    );
  });

  it('stream their arguments', () => {
    const reader = createToolCallReader({ format: 'hermes', names });
    expect(reader.push('<tool_call>{"name":"f","arguments":{"a":')).toMatchObject([
      { call: { index: 0, name: 'f', arguments: '{"a":' } },
    ]);
    expect(reader.push('12')).toEqual([{ call: { index: 0, arguments: '12' } }]);
    expect(reader.push('}}')).toEqual([{ call: { index: 0, arguments: '}' } }]);
  });
});

describe('texts that are calls', () => {
  const both = [
    { name: 'f', arguments: '{"a":1}' },
    { name: 'f', arguments: '{}' },
  ];

  it.each([
    ['llama3', '{"name": "f", "parameters": {"a":1}}; {"name": "f", "parameters": {}}'],
    ['llama3', '<|python_tag|>{"name": "f", "parameters": {"a":1}}\n{"name": "f"}'],
    ['mistral', '[TOOL_CALLS][{"name": "f", "arguments": {"a":1}}, {"name": "f", "arguments": {}}]'],
    ['mistral', ' [{"name": "f", "arguments": {"a":1}}, {"name": "f", "arguments": {}}]'],
    ['json', '[{"name":"f","arguments":{"a":1}},{"name":"f","arguments":{}}]'],
  ] as const)('of %s: %j', (format, text) => {
    for (const size of [1, 3, 1000]) expect(read(format, text, [size])).toEqual({ content: '', calls: both });
  });

  it.each([
    ['llama3', 'It rains.'],
    ['llama3', '{"name": "nobody", "parameters": {}}'],
    ['llama3', '{"a": 1}'],
    ['mistral', '[TOOL'],
    ['mistral', '[1, 2]'],
  ] as const)('of %s are not: %j', (format, text) => {
    expect(read(format, text)).toEqual({ content: text, calls: [] });
  });

  it('have ids as the templates of Mistral want them', () => {
    const reader = createToolCallReader({ format: 'mistral', names });
    const [delta] = reader.push('[TOOL_CALLS][{"name":"f","arguments":{}}]');
    expect(delta).toMatchObject({ call: { id: expect.stringMatching(/^[A-Za-z0-9]{9}$/) } });
  });
});
