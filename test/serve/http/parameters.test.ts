/** Of alternatives that all fail, the mistake in the one that was meant is named. */
import { describe, expect, it } from 'vitest';
import { usageError } from '../../../src/support/errors.ts';
import { appWith, eventsOf, type Json } from './ask.ts';

const failure = async (path: string, body: Json): Promise<{ param: string; message: string }> => {
  const { ask } = appWith();
  const answer = await ask(path, { model: 'fake', ...body });
  expect(answer.status).toBe(400);
  return answer.body.error;
};

describe('what fits none of several forms', () => {
  it.each<[string, string, Json, string, RegExp]>([
    ['too many texts', '/v1/embeddings', { input: new Array(2049).fill('a') }, 'input', /<=2048 items/],
    ['too many lists', '/v1/completions', { prompt: new Array(2049).fill([1]) }, 'prompt', /<=2048 items/],
    ['one that is no text', '/v1/completions', { prompt: ['a', 'b', 5] }, 'prompt[2]', /expected string/],
    ['one that is no id', '/v1/completions', { prompt: [1, 2, 'a'] }, 'prompt[2]', /expected number/],
    ['neither', '/v1/completions', { prompt: true }, 'prompt', /a text, a list of texts/],
    [
      'a tool choice without a name',
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: 'a' }], tool_choice: { type: 'function', function: {} } },
      'tool_choice.function.name',
      /Missing/,
    ],
    [
      'an unknown format',
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: 'a' }], response_format: { type: 'yaml' } },
      'response_format.type',
      /'text', 'json_object', 'json_schema'/,
    ],
    ['a role', '/v1/chat/completions', { messages: [{ content: 'a' }] }, 'messages[0].role', /Missing/],
  ])('%s', async (_, path, body, param, message) => {
    const error = await failure(path, body);
    expect(error.param).toBe(param);
    expect(error.message).toMatch(message);
  });
});

describe('what the engine refuses', () => {
  const tooLong = { after: 2, error: usageError('TSLM_TOO_LONG', 'too long', 'shorten it') };
  const badSchema = { after: 0, error: usageError('TSLM_BAD_SCHEMA', 'bad', 'mend it') };
  const messages = [{ role: 'user', content: 'Hi' }];

  it.each<[string, Json, string]>([
    ['/v1/chat/completions', { messages }, 'messages'],
    ['/v1/completions', { prompt: 'Hi' }, 'prompt'],
    ['/v1/responses', { input: 'Hi' }, 'input'],
    ['/v1/summarize', { input: 'Hi' }, 'input'],
  ])('is about the input of %s', async (path, body, param) => {
    const { ask, post } = appWith({ fails: tooLong });
    const { error } = (await ask(path, { model: 'fake', ...body })).body;
    expect(error).toMatchObject({ param, code: 'context_length_exceeded' });
    const streamed = await post(path, { model: 'fake', ...body, stream: true });
    const last = JSON.parse(eventsOf(await streamed.text()).at(-1)!.data) as Json;
    if (path !== '/v1/responses') expect(last.error).toMatchObject({ param, code: 'context_length_exceeded' });
  });

  it.each<[string, Json, string]>([
    [
      '/v1/chat/completions',
      { messages, response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {} } } },
      'response_format',
    ],
    ['/v1/chat/completions', { messages, structured_outputs: { json: {} } }, 'structured_outputs'],
    [
      '/v1/chat/completions',
      { messages, tool_choice: 'required', tools: [{ type: 'function', function: { name: 'f' } }] },
      'tools',
    ],
    ['/v1/completions', { prompt: 'Hi', structured_outputs: { regex: '(' } }, 'structured_outputs'],
    ['/v1/responses', { input: 'Hi', text: { format: { type: 'json_schema', name: 'a', schema: {} } } }, 'text.format'],
  ])('is about what %s holds the text to: %j', async (path, body, param) => {
    const { ask } = appWith({ fails: badSchema });
    expect((await ask(path, { model: 'fake', ...body })).body.error).toMatchObject({ param, code: 'bad_schema' });
  });
});
