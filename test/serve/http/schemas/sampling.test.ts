/** Values that clients send without meaning to change anything. */
import { describe, expect, it } from 'vitest';
import { appWith, type Json } from '../ask.ts';

const CHAT = '/v1/chat/completions';
const hi = { model: 'fake', messages: [{ role: 'user', content: 'Hi' }] };

async function requestOf(path: string, body: Json): Promise<Json> {
  const { ask, engine } = appWith();
  const answer = await ask(path, body);
  expect(answer.body.error ?? null).toBeNull();
  return engine.requests[0] as unknown as Json;
}
const chat = (more: Json): Promise<Json> => requestOf(CHAT, { ...hi, ...more });

describe('values that ask for nothing', () => {
  it.each<[Json, Json]>([
    [{ seed: -1 }, { sampling: { seed: undefined } }],
    [{ max_tokens: -1 }, { maxTokens: undefined }],
    [{ max_completion_tokens: -1 }, { maxTokens: undefined }],
    [{ max_tokens: 65_536 }, { maxTokens: 65_536 }],
    [{ top_p: 0 }, { sampling: { topP: 0 } }],
    [{ stop: '' }, { stop: undefined }],
    [{ stop: [] }, { stop: undefined }],
    [{ stop: ['', 'a'] }, { stop: ['a'] }],
    [{ reasoning_effort: 'none' }, { prompt: { variables: { enable_thinking: false } } }],
    [
      { reasoning_effort: 'none', chat_template_kwargs: { enable_thinking: true } },
      { prompt: { variables: { enable_thinking: true } } },
    ],
    [{ logprobs: false, top_logprobs: 0 }, { logprobs: undefined }],
    [{ top_logprobs: 0 }, { logprobs: undefined }],
    [{ parallel_tool_calls: false }, { prompt: { tools: undefined } }],
    [{ tools: [], tool_choice: 'auto' }, { prompt: { tools: undefined } }],
    [{ prediction: { type: 'content', content: 'Hi' }, verbosity: 'medium', prompt_cache_retention: '24h' }, {}],
  ])('%j', async (more, request) => {
    expect(await chat(more)).toMatchObject(request);
  });

  it('in other endpoints', async () => {
    const completion = (more: Json): Promise<Json> =>
      requestOf('/v1/completions', { model: 'fake', prompt: 'Hi', ...more });
    expect((await completion({})).maxTokens).toBe(16);
    expect((await completion({ max_tokens: -1, seed: -1, stop: '', suffix: '' })).maxTokens).toBeUndefined();
    const response = { model: 'fake', input: 'Hi', max_output_tokens: -1, reasoning: { effort: 'none' } };
    const more = { include: ['reasoning.encrypted_content'], text: { verbosity: 'medium' }, top_logprobs: 0 };
    expect(await requestOf('/v1/responses', { ...response, ...more })).toMatchObject({
      maxTokens: undefined,
      logprobs: undefined,
      prompt: { variables: { enable_thinking: false } },
    });
    expect(
      (await requestOf('/v1/translate', { model: 'fake', input: 'Hi', max_tokens: -1 })).maxTokens,
    ).toBeUndefined();
  });

  it('sixteen stops', async () => {
    const stop = Array.from({ length: 16 }, (_, i) => `s${i}`);
    expect((await chat({ stop })).stop).toEqual(stop);
  });

  it('other negative seeds, and those of 64 bits, are seeds', async () => {
    const seeds = await Promise.all(
      [-2, -3, -2, 3, 2 ** 63, -(2 ** 62)].map(async seed => (await chat({ seed })).sampling.seed as number),
    );
    expect(seeds[0]).toBe(seeds[2]);
    expect(new Set(seeds.slice(0, 4)).size).toBe(3);
    expect(seeds.every(seed => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
  });
});

describe('values that would change the answer', () => {
  it.each<[Json, string, RegExp]>([
    [{ max_tokens: 0 }, 'max_tokens', /at least 1/],
    [{ max_tokens: -2 }, 'max_tokens', /-1/],
    [{ stop: Array.from({ length: 17 }, (_, i) => `${i}`) }, 'stop', /<=16/],
    [{ stop: 5 }, 'stop', /a text or a list of texts/],
    [{ seed: 1.5 }, 'seed', /whole number/],
    [{ reasoning_effort: 'high' }, 'reasoning_effort', /'none'/],
    [{ verbosity: 'low' }, 'verbosity', /medium/],
    [{ top_logprobs: 1 }, 'top_logprobs', /logprobs: true/],
    [{ tool_choice: 'required' }, 'tool_choice', /tools/],
    [{ tool_choice: 'maybe' }, 'tool_choice', /"none"\|"auto"\|"required"/],
    [{ logit_bias: { x: 1 } }, 'logit_bias.x', /token ids/],
  ])('%j', async (more, param, message) => {
    const { ask } = appWith();
    const { status, body } = await ask(CHAT, { ...hi, ...more });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param });
    expect(body.error.message).toMatch(message);
  });
});
