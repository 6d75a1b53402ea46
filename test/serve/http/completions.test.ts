import { describe, expect, it } from 'vitest';
import { appWith, eventsOf, type Json } from './ask.ts';

const PATH = '/v1/completions';

describe(PATH, () => {
  it('goes on with texts and token ids, one or several', async () => {
    const { ask } = appWith({ says: (_, index) => `!${index}` });
    for (const prompt of ['ab', [97, 98], ['ab'], [[97, 98]]]) {
      const { status, body } = await ask(PATH, { model: 'fake', prompt, echo: true });
      expect(status).toBe(200);
      expect(body.choices).toEqual([{ text: 'ab!0', index: 0, logprobs: null, finish_reason: 'stop' }]);
    }
    const { body } = await ask(PATH, { model: 'fake', prompt: ['a', 'bc'], n: 2 });
    expect(body.choices.map(({ index, text }: Json) => [index, text])).toEqual([
      [0, '!0'],
      [1, '!1'],
      [2, '!0'],
      [3, '!1'],
    ]);
    expect(body.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 8 });
  });

  it.each([
    ['best_of', 3],
    ['logprobs', 2],
    ['temperature', 1],
  ])('beams do not go with %s', async (param, value) => {
    const { ask } = appWith();
    const { status, body } = await ask(PATH, { model: 'fake', prompt: 'a', num_beams: 2, [param]: value });
    expect(status).toBe(400);
    expect(body.error.param).toBe(param);
  });

  it('scores a prompt: echo with max_tokens 0', async () => {
    const { ask, engine } = appWith();
    const { body } = await ask(PATH, { model: 'fake', prompt: 'aé😀z', echo: true, max_tokens: 0, logprobs: 2 });
    expect(engine.requests[0]).toMatchObject({ maxTokens: 0, logprobs: 2, promptLogprobs: 2 });
    expect(body.choices[0]).toMatchObject({ text: 'aé😀z', finish_reason: 'length' });
    expect(body.choices[0].logprobs).toEqual({
      tokens: ['a', 'é', '😀', 'z'],
      token_logprobs: [null, -0.5, -0.5, -0.5],
      top_logprobs: [null, { é: -0.5, '?': -1.5 }, { '😀': -0.5, '?': -1.5 }, { z: -0.5, '?': -1.5 }],
      text_offset: [0, 1, 2, 3],
    });
  });

  it('scores as lm-evaluation-harness asks: echo, one token, a batch of ids', async () => {
    const { ask } = appWith({ says: '!' });
    const prompt = [[97, 98], [99]];
    const { body } = await ask(PATH, {
      model: 'fake',
      prompt,
      echo: true,
      max_tokens: 1,
      logprobs: 1,
      temperature: 0,
      seed: 1234,
    });
    expect(body.choices.map(({ logprobs }: Json) => logprobs.token_logprobs)).toEqual([
      [null, -0.5, -0.5],
      [null, -0.5],
    ]);
    expect(body.choices[0].logprobs.text_offset).toEqual([0, 1, 2]);
  });

  it('streams what is echoed and what is new', async () => {
    const { post } = appWith({ says: 'xy' });
    const events = eventsOf(
      await (await post(PATH, { model: 'fake', prompt: ['a', 'b'], echo: true, stream: true })).text(),
    );
    expect(events.at(-1)!.data).toBe('[DONE]');
    const choices = events.slice(0, -1).map(({ data }) => (JSON.parse(data) as Json).choices[0]);
    for (const index of [0, 1]) {
      const own = choices.filter(choice => choice.index === index);
      expect(own.map(({ text }) => text).join('')).toBe(index === 0 ? 'axy' : 'bxy');
      expect(own.at(-1).finish_reason).toBe('stop');
    }
  });

  it.each([
    ['no tokens without echo', { max_tokens: 0 }, 'max_tokens'],
    ['fewer drawn than returned', { n: 3, best_of: 2 }, 'best_of'],
    ['a token that is not there', { prompt: [0x110000] }, 'prompt'],
    ['a bias on such a token', { logit_bias: { 999999999: 1 } }, 'logit_bias'],
    ['a suffix', { suffix: 'b' }, 'suffix'],
    ['an empty list', { prompt: [] }, 'prompt'],
  ])('refuses %s by name', async (_, change, param) => {
    const { status, body } = await appWith().ask(PATH, { model: 'fake', prompt: 'a', ...change });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param });
  });

  it('ends the other prompts when one fails', async () => {
    const { ask } = appWith({ says: 'abcdef', tokenMs: 1, fails: { after: 3, error: new Error('secret') } });
    const { status, body } = await ask(PATH, { model: 'fake', prompt: ['a', 'b'] });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});
