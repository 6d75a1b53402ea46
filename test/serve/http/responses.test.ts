import { describe, expect, it } from 'vitest';
import { appWith, eventsOf, type Json } from './ask.ts';

const PATH = '/v1/responses';
const weather = { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } };

describe(PATH, () => {
  it('reads instructions, messages, calls and their outputs', async () => {
    const { ask, engine } = appWith();
    const { status, body } = await ask(PATH, {
      model: 'fake',
      instructions: 'Be short.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        { type: 'function_call', call_id: 'c', name: 'weather', arguments: '{"a":1}' },
        { type: 'function_call_output', call_id: 'c', output: 'rain' },
      ],
      tools: [weather],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'response',
      status: 'completed',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello there.' }] }],
      usage: { output_tokens: 12 },
      store: false,
    });
    expect(engine.requests[0].prompt).toMatchObject({
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'weather', arguments: { a: 1 } } }] },
        { role: 'tool', tool_call_id: 'c', content: 'rain' },
      ],
    });
  });

  it('streams its events in order', async () => {
    const says = 'So.<tool_call>{"name":"weather","arguments":{}}</tool_call>';
    const { post } = appWith({ says });
    const answer = await post(PATH, { model: 'fake', input: 'Hi', tools: [weather], stream: true });
    const events = eventsOf(await answer.text()).map(
      ({ event, data }) => ({ event, ...(JSON.parse(data) as Json) }) as Json,
    );
    expect(events.map(one => one.sequence_number)).toEqual(events.map((_, i) => i));
    expect(events.every(one => one.event === one.type)).toBe(true);
    const names = events.map(({ type }) => type.replace(/^response\./, ''));
    expect(names.filter((name, i) => name !== names[i - 1])).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'completed',
    ]);
    expect(events.at(-1)!.response.output).toMatchObject([
      { type: 'message', content: [{ text: 'So.' }] },
      { type: 'function_call', name: 'weather', arguments: '{}' },
    ]);
  });

  it('says when it was cut off, and when it failed', async () => {
    const { ask } = appWith();
    expect((await ask(PATH, { model: 'fake', input: 'Hi', max_output_tokens: 3 })).body).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
    const { post } = appWith({ fails: { after: 2, error: new Error('x') } });
    const events = eventsOf(await (await post(PATH, { model: 'fake', input: 'Hi', stream: true })).text());
    expect(events.at(-1)!.event).toBe('response.failed');
  });
});
