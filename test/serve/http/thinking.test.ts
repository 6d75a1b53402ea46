/** Models that think, in chats and responses, whole and streamed. */
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { GenerationRequest } from '../../../src/engine/protocol.ts';
import { response, responseEvent } from '../../../src/serve/http/schemas/answers/responses.ts';
import { textOfPrompt } from '../fake-engine.ts';
import { appWith, eventsOf, type Json } from './ask.ts';

const CHAT = '/v1/chat/completions';
const RESPONSES = '/v1/responses';
const hi = { model: 'fake', messages: [{ role: 'user', content: 'Hi' }] };
const thinks = {
  card: { thinking: { open: '<think>', close: '</think>' } },
  says: ({ prompt }: GenerationRequest) =>
    textOfPrompt(prompt).includes('</think>') ? 'Hello.' : '<think>They greet me, so I greet.</think>',
};

describe(CHAT, () => {
  it('gives thoughts apart from the answer', async () => {
    const { ask } = appWith(thinks);
    const { status, body } = await ask(CHAT, hi);
    expect(status).toBe(200);
    expect(body.choices[0].message).toEqual({
      role: 'assistant',
      content: 'Hello.',
      refusal: null,
      reasoning_content: 'They greet me, so I greet.',
    });
    expect(body.usage).toMatchObject({ completion_tokens: 39, completion_tokens_details: { reasoning_tokens: 33 } });
  });

  it('streams thoughts first', async () => {
    const { post } = appWith(thinks);
    const answer = await post(CHAT, { ...hi, stream: true, thinking_token_budget: 12 });
    const chunks = eventsOf(await answer.text())
      .filter(({ data }) => data !== '[DONE]')
      .map(({ data }) => JSON.parse(data) as Json);
    const deltas = chunks.map(({ choices }) => choices[0].delta as Json);
    const kinds = deltas.map(delta => Object.keys(delta)[0]).filter((kind, i, all) => kind !== all[i - 1]);
    expect(kinds).toEqual(['role', 'reasoning_content', 'content', undefined]);
    // Twelve tokens, seven of which are the tag.
    expect(deltas.map(({ reasoning_content: text = '' }) => text).join('')).toBe('They ');
    expect(deltas.map(({ content = '' }) => content).join('')).toBe('Hello.');
  });

  it.each([
    [{ reasoning_effort: 'low' }, 1024],
    [{ reasoning_effort: 'minimal' }, 256],
    [{ reasoning_effort: 'high' }, undefined],
    [{ reasoning_effort: 'low', thinking_token_budget: 9 }, 9],
  ])('%j: at most %s tokens', async (more, most) => {
    const { ask, engine } = appWith(thinks);
    expect((await ask(CHAT, { ...hi, ...more })).status).toBe(200);
    expect(engine.requests[0].maxTokens).toBe(most);
  });

  it('does not think where it is told not to', async () => {
    const { ask, engine } = appWith({ ...thinks, says: 'Hello.' });
    const { body } = await ask(CHAT, { ...hi, reasoning_effort: 'none' });
    expect(body.choices[0].message).not.toHaveProperty('reasoning_content');
    expect(engine.requests).toHaveLength(1);
    expect(engine.requests[0].prompt).toMatchObject({ variables: { enable_thinking: false } });
    const both = await ask(CHAT, { ...hi, reasoning_effort: 'none', thinking_token_budget: 5 });
    expect(both).toMatchObject({ status: 400, body: { error: { param: 'thinking_token_budget' } } });
  });

  it('says so of models that do not think', async () => {
    const { ask } = appWith();
    expect(await ask(CHAT, { ...hi, reasoning_effort: 'low' })).toMatchObject({
      status: 400,
      body: { error: { param: 'reasoning_effort', message: expect.stringContaining('does not think') } },
    });
    expect((await ask(RESPONSES, { model: 'fake', input: 'Hi', reasoning: { effort: 'low' } })).body.error.param).toBe(
      'reasoning.effort',
    );
    expect((await ask(CHAT, { ...hi, thinking_token_budget: 5 })).body.error.param).toBe('thinking_token_budget');
  });
});

describe(RESPONSES, () => {
  it('has an item for what was thought', async () => {
    const { ask } = appWith(thinks);
    const { body } = await ask(RESPONSES, { model: 'fake', input: 'Hi', reasoning: { effort: 'medium' } });
    expect(response.parse(body).output).toMatchObject([
      {
        type: 'reasoning',
        status: 'completed',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'They greet me, so I greet.' }],
      },
      { type: 'message', content: [{ text: 'Hello.' }] },
    ]);
    expect(body.usage.output_tokens_details).toEqual({ reasoning_tokens: 33 });
  });

  it('streams it in events of its own, which its clients understand', async () => {
    const { app } = appWith(thinks);
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: 'http://local/v1',
      fetch: (url, init) => Promise.resolve(app.request(String(url).replace('http://local', ''), init as RequestInit)),
    });
    const stream = await client.responses.create({ model: 'fake', input: 'Hi', stream: true });
    const events: Json[] = [];
    for await (const event of stream) events.push(responseEvent.parse(event));
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, i) => i));
    const types = events.map(({ type }) => type as string).filter((type, i, all) => type !== all[i - 1]);
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.reasoning_text.delta',
      'response.reasoning_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const done = events.find(({ type }) => type === 'response.reasoning_text.done');
    expect(done).toMatchObject({ text: 'They greet me, so I greet.', output_index: 0 });
  });
});
