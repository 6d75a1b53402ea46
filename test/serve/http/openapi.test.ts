/** What `/openapi.json` says of answers, and what answers are. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { ENDPOINTS } from '../../../src/serve/http/endpoints/all.ts';
import { modelAnswer, modelDeleted, modelList } from '../../../src/serve/http/schemas/answers/models.ts';
import { appWith, eventsOf, type Json } from './ask.ts';

const messages = [{ role: 'user', content: 'Hi' }];
const tools = [{ type: 'function', function: { name: 'weather' } }];
const calls = 'Well.<tool_call>{"name":"weather","arguments":{}}</tool_call>';

const ASKED: Record<string, Json[]> = {
  '/v1/chat/completions': [
    { messages, logprobs: true, top_logprobs: 1 },
    { messages, tools, stream_options: undefined },
  ],
  '/v1/completions': [{ prompt: 'Hi', logprobs: 1, echo: true }, { prompt: 'Hi' }],
  '/v1/responses': [
    {
      input: 'Hi',
      include: ['message.output_text.logprobs'],
      top_logprobs: 1,
      instructions: 'x',
      metadata: { a: 'b' },
    },
    { input: 'Hi', max_output_tokens: 2, text: { format: { type: 'json_object' } } },
    { input: 'Hi', tools: [{ type: 'function', name: 'weather' }], tool_choice: 'auto' },
  ],
  '/v1/embeddings': [{ input: 'Hi' }, { input: 'Hi', encoding_format: 'base64' }],
  '/v1/classify': [{ input: 'Hi' }],
  '/v1/rerank': [
    { query: 'a', documents: ['b'], return_documents: true },
    { query: 'a', documents: ['b'] },
  ],
  '/v1/fill-mask': [{ input: 'a' }],
  '/v1/translate': [{ input: 'a' }],
  '/v1/summarize': [{ input: 'a' }],
  '/v1/answer': [{ question: 'a', context: 'b' }],
  '/tokenize': [{ prompt: 'a', return_token_strs: true }, { messages }],
  '/detokenize': [{ tokens: [97] }],
};

/** Nothing is missing, and nothing is there that the schema does not name. */
const checkWhole = (schema: z.ZodType, body: unknown): void => expect(schema.parse(body)).toEqual(body);

describe('/openapi.json', () => {
  it('names the schema of every answer, and answers follow it', async () => {
    const { app, ask } = appWith({ says: ({ prompt }) => ('messages' in prompt && prompt.tools ? calls : 'Hé.') });
    const spec = (await (await app.request('/openapi.json')).json()) as Json;
    const ajv = new Ajv2020({ strict: false, schemas: [{ $id: 'spec', ...spec }] });
    const validatorOf = (path: string, type = 'application/json') => {
      const { schema } = spec.paths[path].post.responses['200'].content[type];
      expect(schema.$ref, path).toMatch(/^#\/components\/schemas\/\w+$/);
      return ajv.compile({ $ref: `spec${schema.$ref}` });
    };
    for (const { path, answer } of ENDPOINTS) {
      const validate = validatorOf(path);
      expect(validate({}), path).toBe(false);
      for (const body of ASKED[path]) {
        const given = await ask(path, { model: 'fake', ...body });
        expect(given.status, JSON.stringify(given.body)).toBe(200);
        expect(validate(given.body), `${path} ${ajv.errorsText(validate.errors)}`).toBe(true);
        checkWhole(answer, given.body);
      }
    }
  });

  it('names the schema of every event of a stream', async () => {
    const { app, post } = appWith({ says: ({ prompt }) => ('messages' in prompt && prompt.tools ? calls : 'Hé.') });
    const spec = (await (await app.request('/openapi.json')).json()) as Json;
    for (const { path, streamed } of ENDPOINTS) {
      const { content } = spec.paths[path].post.responses['200'];
      expect('text/event-stream' in content, path).toBe(streamed !== undefined);
      if (!streamed) continue;
      for (const body of ASKED[path]) {
        const options = 'stream_options' in ENDPOINTS.find(one => one.path === path)!.schema.shape;
        const include = options && path !== '/v1/responses' ? { stream_options: { include_usage: true } } : {};
        const answer = await post(path, { model: 'fake', ...body, stream: true, ...include });
        const events = eventsOf(await answer.text()).filter(({ data }) => data !== '[DONE]');
        expect(events.length).toBeGreaterThan(1);
        for (const { data } of events) checkWhole(streamed, JSON.parse(data));
      }
    }
  });

  it('describes models and errors', async () => {
    const { app, ask } = appWith();
    const json = async (path: string, method = 'GET'): Promise<unknown> => (await app.request(path, { method })).json();
    checkWhole(modelList, await json('/v1/models'));
    checkWhole(modelAnswer, await json('/v1/models/fake'));
    checkWhole(modelAnswer, (await ask('/v1/models', { path: 'm' })).body);
    checkWhole(modelDeleted, await json('/v1/models/m', 'DELETE'));
    const spec = (await json('/openapi.json')) as Json;
    for (const methods of Object.values<Json>(spec.paths))
      for (const { responses } of Object.values<Json>(methods)) expect(responses.default).toBeDefined();
    const validate = new Ajv2020({ strict: false }).compile(spec.components.schemas.Error);
    expect(validate((await ask('/v1/embeddings', {})).body)).toBe(true);
    expect(validate({ error: 'x' })).toBe(false);
  });
});
