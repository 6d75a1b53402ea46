/** History as clients send it back: what says nothing new is taken, what a template may read arrives there. */
import { describe, expect, it } from 'vitest';
import { appWith, type Json } from '../ask.ts';

const CHAT = '/v1/chat/completions';
const RESPONSES = '/v1/responses';
const hi = { role: 'user', content: 'Hi' };
const call = (more: Json = {}, ofFunction: Json = {}) => ({
  id: 'c1',
  type: 'function',
  function: { name: 'f', arguments: '{"a":1}', ...ofFunction },
  ...more,
});
const calling = { role: 'assistant', content: null, tool_calls: [call()] };
const result = { role: 'tool', tool_call_id: 'c1', content: 'x' };
const templateCall = { id: 'c1', type: 'function', function: { name: 'f', arguments: { a: 1 } } };

/** What the template is given for the last message but one. */
async function seen(path: string, body: Json): Promise<Json[]> {
  const { ask, engine } = appWith();
  const answer = await ask(path, { model: 'fake', ...body });
  expect(answer.body.error ?? null).toBeNull();
  const { prompt } = engine.requests[0];
  return (prompt as unknown as { messages: Json[] }).messages;
}

describe('messages of a chat', () => {
  it.each<[string, Json, Json]>([
    ['a parsed answer', { role: 'assistant', content: '{}', refusal: null, parsed: {} }, { content: '{}' }],
    ['an answer that failed to parse', { role: 'assistant', content: 'x', parsed: null }, { content: 'x' }],
    [
      'annotations',
      { role: 'assistant', content: 'x', annotations: [{ type: 'url_citation', url_citation: {} }], audio: null },
      { content: 'x' },
    ],
    [
      'parsed arguments',
      { ...calling, tool_calls: [call({}, { parsed_arguments: { a: 1 } })] },
      { content: '', tool_calls: [templateCall] },
    ],
    [
      'calls with their number in the stream',
      { ...calling, tool_calls: [call({ index: 0 })] },
      { content: '', tool_calls: [templateCall] },
    ],
    ['a refusal', { role: 'assistant', content: null, refusal: 'No.' }, { content: 'No.' }],
    ['a refusal as a part', { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }, { content: 'No.' }],
    [
      'what was thought',
      { role: 'assistant', content: 'x', reasoning_content: 'because' },
      { content: 'x', reasoning_content: 'because' },
    ],
    [
      'what was thought, by its newer name',
      { role: 'assistant', content: 'x', reasoning: 'because' },
      { content: 'x', reasoning_content: 'because' },
    ],
    ['no thoughts', { role: 'assistant', content: 'x', reasoning_content: null, name: null }, { content: 'x' }],
    [
      'a mark for a cache',
      { role: 'assistant', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
      { content: 'x' },
    ],
    [
      'a part with what came beside it',
      { role: 'assistant', content: [{ type: 'text', text: 'x', role: 'assistant', refusal: null }] },
      { content: 'x' },
    ],
    ['no parts', { ...calling, content: [] }, { content: '', tool_calls: [templateCall] }],
  ])('takes %s', async (_, message, template) => {
    const messages = await seen(CHAT, { messages: [hi, message, hi] });
    expect(messages[1]).toEqual({ role: 'assistant', ...template });
  });

  it('gives the name of a function to the template', async () => {
    expect(await seen(CHAT, { messages: [hi, calling, { ...result, name: 'f' }] })).toEqual([
      hi,
      { role: 'assistant', content: '', tool_calls: [templateCall] },
      { role: 'tool', tool_call_id: 'c1', name: 'f', content: 'x' },
    ]);
    expect((await seen(CHAT, { messages: [hi, calling, { ...result, name: null }] }))[2]).toEqual(result);
  });

  it('takes marks for a cache on messages and tools', async () => {
    const cache_control = { type: 'ephemeral', ttl: '1h' };
    const tools = [{ type: 'function', function: { name: 'f' }, cache_control }];
    const messages = [
      { role: 'system', content: 's', cache_control },
      { ...hi, cache_control },
    ];
    expect(await seen(CHAT, { messages, tools })).toEqual([{ role: 'system', content: 's' }, hi]);
  });

  it.each<[string, Json, string]>([
    ['an image', { role: 'user', content: [{ type: 'image_url', image_url: {} }] }, 'messages[1].content[0].type'],
    ['speech', { role: 'assistant', audio: { id: 'a' } }, 'messages[1].audio'],
    [
      'a function of old',
      { role: 'assistant', function_call: { name: 'f', arguments: '' } },
      'messages[1].function_call',
    ],
    ['what nobody knows', { role: 'user', content: 'x', mood: 'good' }, 'messages[1].mood'],
    ['a result of no call', { role: 'tool', content: 'x' }, 'messages[1].tool_call_id'],
  ])('refuses %s', async (_, message, param) => {
    const { ask } = appWith();
    const { status, body } = await ask(CHAT, { model: 'fake', messages: [hi, message] });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param });
  });
});

describe('items of a response', () => {
  const message = (more: Json = {}, ofPart: Json = {}) => ({
    id: 'msg_1',
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'x', annotations: [], logprobs: [], ...ofPart }],
    ...more,
  });
  const functionCall = { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' };

  it.each<[string, Json[], Json]>([
    ['a parsed answer', [message({}, { parsed: {} })], { content: 'x' }],
    ['a phase', [message({ phase: 'final_answer' })], { content: 'x' }],
    ['a refusal', [message({ content: [{ type: 'refusal', refusal: 'No.' }] })], { content: 'No.' }],
    [
      'parsed arguments',
      [{ ...functionCall, parsed_arguments: { a: 1 }, id: 'fc_1', status: 'completed' }],
      { content: '', tool_calls: [templateCall] },
    ],
    [
      'what was thought',
      [
        { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'because' }] },
        message(),
        functionCall,
      ],
      { content: 'x', reasoning_content: 'because', tool_calls: [templateCall] },
    ],
    [
      'a summary of what was thought',
      [{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'so' }] }, functionCall],
      { content: '', reasoning_content: 'so', tool_calls: [templateCall] },
    ],
  ])('takes %s', async (_, items, template) => {
    const messages = await seen(RESPONSES, { input: [hi, ...items, hi] });
    expect(messages[1]).toEqual({ role: 'assistant', ...template });
    expect(messages).toHaveLength(3);
  });

  it.each<[string, Json, string]>([
    ['a call without arguments', { ...functionCall, arguments: undefined }, 'input[0].arguments'],
    ['an unknown role', { role: 'cat', content: 'x' }, 'input[0].role'],
    ['an item of another kind', { type: 'computer_call', id: 'c' }, 'input[0].type'],
    ['what was encrypted', { type: 'reasoning', summary: [], encrypted_content: 'gA' }, 'input[0].encrypted_content'],
    ['an image', { role: 'user', content: [{ type: 'input_image' }] }, 'input[0].content[0].type'],
  ])('refuses %s by name', async (_, one, param) => {
    const { ask } = appWith();
    const { status, body } = await ask(RESPONSES, { model: 'fake', input: [one] });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param });
  });
});
