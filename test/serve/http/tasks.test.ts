import { describe, expect, it } from 'vitest';
import { appWith, eventsOf } from './ask.ts';

const model = 'fake';

describe('embeddings', () => {
  it('are numbers or base64 of the same', async () => {
    const { ask } = appWith();
    const { body: numbers } = await ask('/v1/embeddings', { model, input: ['a', 'b'], dimensions: 3 });
    expect(numbers.data.map(({ embedding }: { embedding: number[] }) => embedding)).toEqual([
      [0, 0.125, 0.25],
      [1, 1.125, 1.25],
    ]);
    const { body: packed } = await ask('/v1/embeddings', { model, input: [[97]], encoding_format: 'base64' });
    const bytes = Buffer.from(packed.data[0].embedding, 'base64');
    expect([0, 4, 8, 12].map(at => bytes.readFloatLE(at))).toEqual([0, 0.125, 0.25, 0.375]);
    expect(packed.usage).toEqual({ prompt_tokens: 1, total_tokens: 1 });
  });

  it('of nothing are refused', async () => {
    const { status, body } = await appWith().ask('/v1/embeddings', { model, input: ['a', ''] });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: 'input' });
  });
});

describe('tasks', () => {
  it('classify texts and pairs', async () => {
    const { body } = await appWith().ask('/v1/classify', { model, input: ['a', ['b', 'c']], top_k: 1 });
    expect(body.data).toMatchObject([{ index: 0, label: 'good', labels: [{ score: 0.75 }] }, { index: 1 }]);
  });

  it('rank documents, the best first', async () => {
    const documents = ['bb', { text: 'cccc' }, 'a'];
    const { body } = await appWith().ask('/v1/rerank', {
      model,
      query: 'q',
      documents,
      top_n: 2,
      return_documents: true,
    });
    expect(body.results).toEqual([
      { index: 1, relevance_score: 4, document: { text: 'cccc' } },
      { index: 0, relevance_score: 2, document: { text: 'bb' } },
    ]);
  });

  it('fill masks and answer', async () => {
    const { ask } = appWith();
    const { body: filled } = await ask('/v1/fill-mask', { model, input: 'x', top_k: 2 });
    expect(filled.data[0].candidates).toEqual([
      { token: 0, token_str: 't0', score: 0.5, sequence: 'x0' },
      { token: 1, token_str: 't1', score: 1 / 3, sequence: 'x1' },
    ]);
    const { body: answered } = await ask('/v1/answer', { model, question: 'q', context: 'abcdef' });
    expect(answered.data).toEqual([{ index: 0, text: 'abc', score: 1, start: 0, end: 3 }]);
  });

  it.each(['/v1/translate', '/v1/summarize'])('%s several texts, at once or as they come', async path => {
    const { ask, post, engine } = appWith({ says: request => `<${(request.prompt as { text: string }).text}>` });
    const { body } = await ask(path, { model, input: ['a', 'b'], num_beams: 2, length_penalty: 2 });
    expect(body.data).toEqual([
      { index: 0, text: '<a>', finish_reason: 'stop' },
      { index: 1, text: '<b>', finish_reason: 'stop' },
    ]);
    expect(engine.requests[0]).toMatchObject({ beams: 2, lengthPenalty: 2 });
    const events = eventsOf(await (await post(path, { model, input: 'a', stream: true })).text());
    expect(events.at(-1)!.data).toBe('[DONE]');
    const data = events.slice(0, -1).flatMap(event => JSON.parse(event.data).data);
    expect(data.map(({ text }) => text).join('')).toBe('<a>');
  });
});

describe('/tokenize and /detokenize', () => {
  it('are inverse, and need no model name where there is one', async () => {
    const { ask } = appWith();
    const { body } = await ask('/tokenize', { prompt: 'aé', return_token_strs: true });
    expect(body).toEqual({ count: 2, max_model_len: 4096, tokens: [97, 233], token_strs: ['a', 'é'] });
    expect((await ask('/detokenize', { tokens: body.tokens })).body).toEqual({ prompt: 'aé' });
    const { body: chat } = await ask('/tokenize', { model, messages: [{ role: 'user', content: 'a' }] });
    expect(chat.count).toBe('user: a\n'.length);
  });

  it('take a text or messages, and what goes with them', async () => {
    const { ask } = appWith();
    expect((await ask('/tokenize', {})).body.error.param).toBe('prompt');
    expect((await ask('/tokenize', { prompt: 'a', tools: [] })).body.error.param).toBe('tools');
    expect((await ask('/detokenize', { tokens: [0x110000] })).body.error.param).toBe('tokens');
  });
});
