import { describe, expect, it } from 'vitest';
import { appWith, eventsOf, type Json } from './ask.ts';

const PATH = '/v1/chat/completions';
const hi = { model: 'fake', messages: [{ role: 'user', content: 'Hi' }] };
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'of a town',
    parameters: { type: 'object', properties: { town: { type: 'string' } } },
  },
};

const chunksOf = async (answer: Response): Promise<Json[]> =>
  eventsOf(await answer.text())
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => JSON.parse(data) as Json);

describe(PATH, () => {
  it('answers', async () => {
    const { ask, engine } = appWith();
    const { status, body } = await ask(PATH, hi);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'chat.completion',
      model: 'fake',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello there.', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 },
    });
    expect(engine.requests[0].prompt).toMatchObject({ messages: [{ role: 'user', content: 'Hi' }] });
  });

  it('passes on every parameter of sampling', async () => {
    const { ask, engine } = appWith();
    const { status } = await ask(PATH, {
      ...hi,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 7,
      min_p: 0.1,
      seed: 3,
      n: 2,
      stop: 'x',
      logit_bias: { 5: -100 },
      presence_penalty: 1,
      frequency_penalty: -1,
      repetition_penalty: 1.1,
      min_tokens: 1,
      max_tokens: 4,
      ignore_eos: true,
      stop_token_ids: [9],
      structured_outputs: { choice: ['a.b', 'c'] },
      user: 'someone',
    });
    expect(status).toBe(200);
    expect(engine.requests[0]).toMatchObject({
      sampling: {
        temperature: 0.5,
        topP: 0.9,
        topK: 7,
        minP: 0.1,
        seed: 3,
        logitBias: { 5: -100 },
        presencePenalty: 1,
        frequencyPenalty: -1,
        repetitionPenalty: 1.1,
      },
      n: 2,
      stop: ['x'],
      minTokens: 1,
      maxTokens: 4,
      ignoreEos: true,
      stopTokenIds: [9],
      constraint: { kind: 'choice', choices: ['a.b', 'c'] },
    });
  });

  it('streams: the role first, the reason last, usage when asked for, [DONE]', async () => {
    const { post } = appWith({ says: 'Hé!' });
    const answer = await post(PATH, { ...hi, n: 2, stream: true, stream_options: { include_usage: true } });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = eventsOf(await answer.text());
    expect(events.at(-1)!.data).toBe('[DONE]');
    const chunks = events.slice(0, -1).map(({ data }) => JSON.parse(data) as Json);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 6 } });
    for (const index of [0, 1]) {
      const own = chunks
        .slice(0, -1)
        .map(({ choices }) => choices[0])
        .filter(choice => choice.index === index);
      expect(own[0].delta).toEqual({ role: 'assistant', content: '', refusal: null });
      expect(
        own
          .slice(1, -1)
          .map(({ delta }) => delta.content)
          .join(''),
      ).toBe('Hé!');
      expect(own.map(({ finish_reason }) => finish_reason)).toEqual([null, null, null, null, 'stop']);
    }
  });

  it('gives log-probabilities', async () => {
    const { ask } = appWith({ says: 'é' });
    const { body } = await ask(PATH, { ...hi, logprobs: true, top_logprobs: 2 });
    expect(body.choices[0].logprobs.content).toEqual([
      {
        token: 'é',
        logprob: -0.5,
        bytes: [195, 169],
        top_logprobs: [
          { token: 'é', logprob: -0.5, bytes: [195, 169] },
          { token: '?', logprob: -1.5, bytes: [63] },
        ],
      },
    ]);
  });

  it('finds calls of functions in the text, streamed or not', async () => {
    const says = 'Let me see.\n<tool_call>\n{"name": "weather", "arguments": {"town": "Rom"}}\n</tool_call>';
    const { ask, post } = appWith({ says });
    const { body } = await ask(PATH, { ...hi, tools: [weather] });
    expect(body.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Let me see.',
        tool_calls: [{ type: 'function', function: { name: 'weather', arguments: '{"town": "Rom"}' } }],
      },
    });
    const chunks = await chunksOf(await post(PATH, { ...hi, tools: [weather], stream: true }));
    const deltas = chunks.map(({ choices }) => choices[0].delta);
    const calls = deltas.flatMap(delta => delta.tool_calls ?? []);
    expect(calls[0]).toMatchObject({
      index: 0,
      type: 'function',
      id: expect.stringMatching(/^call_\w{24}$/),
      function: { name: 'weather' },
    });
    expect(calls.map(call => call.function.arguments).join('')).toBe('{"town": "Rom"}');
    expect(deltas.map(delta => delta.content ?? '').join('')).toBe('Let me see.');
    expect(chunks.at(-1)!.choices[0].finish_reason).toBe('tool_calls');
  });

  it('holds the text to a call when one is required', async () => {
    const { ask, engine } = appWith({ says: '[{"name":"weather","arguments":{"town":"Rom"}}]' });
    const { body } = await ask(PATH, { ...hi, tools: [weather], tool_choice: 'required' });
    expect(body.choices[0].message).toMatchObject({
      content: null,
      tool_calls: [{ function: { name: 'weather', arguments: '{"town":"Rom"}' } }],
    });
    expect(engine.requests[0].constraint).toMatchObject({ kind: 'jsonSchema', schema: { type: 'array', minItems: 1 } });
  });

  it('holds the text to a schema', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    const { ask, engine } = appWith({ says: '{"a":1}' });
    await ask(PATH, {
      ...hi,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } },
    });
    await ask(PATH, { ...hi, response_format: { type: 'json_object' } });
    expect(engine.requests.map(({ constraint }) => constraint)).toEqual([
      { kind: 'jsonSchema', schema },
      { kind: 'json' },
    ]);
  });

  it.each([
    ['an unknown parameter', { frequency: 1 }, 'frequency', 'unsupported_parameter'],
    ['a value out of range', { temperature: 3 }, 'temperature', 'invalid_value'],
    ['a missing parameter', { messages: undefined }, 'messages', 'missing_parameter'],
    [
      'an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      'messages[0].content[0].type',
      'invalid_value',
    ],
    ['an unknown role', { messages: [{ role: 'cat', content: '' }] }, 'messages[0].role', 'invalid_value'],
    ['alternatives of no log-probabilities', { top_logprobs: 2 }, 'top_logprobs', 'invalid_value'],
    ['options of no stream', { stream_options: { include_usage: true } }, 'stream_options', 'invalid_value'],
    ['a choice among no tools', { tool_choice: 'required' }, 'tool_choice', 'invalid_value'],
    ['a draw in beam search', { num_beams: 2, temperature: 1 }, 'temperature', 'invalid_value'],
    ['a length penalty without beams', { length_penalty: 1 }, 'length_penalty', 'invalid_value'],
    ['fewer tokens than the least', { min_tokens: 5, max_tokens: 4 }, 'min_tokens', 'invalid_value'],
  ])('refuses %s by name', async (_, change, param, code) => {
    const { ask, engine } = appWith();
    const { status, body } = await ask(PATH, { ...hi, ...change });
    expect({ status, ...body.error }).toMatchObject({ status: 400, type: 'invalid_request_error', param, code });
    expect(engine.requests).toEqual([]);
  });

  it('takes what changes nothing in the answer', async () => {
    const { ask, engine } = appWith();
    const asked = { ...hi, seed: 1 };
    const first = await ask(PATH, asked);
    for (const change of [{ store: true }, { store: false }, { service_tier: 'flex' }, { service_tier: 'priority' }]) {
      const { status, body } = await ask(PATH, { ...asked, ...change });
      expect({ status, choices: body.choices }).toEqual({ status: 200, choices: first.body.choices });
      expect(engine.requests.at(-1)).toEqual(engine.requests[0]);
    }
  });

  it('takes null for what is not asked', async () => {
    const { ask } = appWith();
    const { status } = await ask(PATH, {
      ...hi,
      stop: null,
      tools: null,
      stream_options: null,
      logprobs: null,
      top_logprobs: null,
    });
    expect(status).toBe(200);
  });
});
