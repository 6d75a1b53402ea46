/** The Vercel AI SDK as released, over engines of ours. */

import { join } from 'node:path';
import {
  embed,
  embedMany,
  generateObject,
  generateText,
  jsonSchema,
  Output,
  stepCountIs,
  streamObject,
  streamText,
  tool,
} from 'ai';
import { afterAll, describe, expect, it } from 'vitest';
import { createTslm } from '../../src/ai-sdk/index.ts';
import type { ModelCard } from '../../src/engine/protocol.ts';
import { UserError } from '../../src/support/errors.ts';
import { errorOf } from '../data/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';
import { taskModels } from '../tasks/model-folders.ts';
import { type ScriptedEngine, scriptedEngine } from './scripted-engine.ts';

// Warnings are looked at below.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const over = (engine: ScriptedEngine) => createTslm({ open: async () => engine })('some/model');
const said = (pieces: readonly string[], card: Partial<ModelCard> = {}) => {
  const engine = scriptedEngine(pieces, card);
  return { engine, model: over(engine) };
};

const weather = tool({
  description: 'the weather in a city',
  inputSchema: jsonSchema<{ city: string }>({
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  }),
  execute: async ({ city }) => `sunny in ${city}`,
});
const call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>';
const inPieces = (text: string, size = 3): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g'))!;

describe('generateText', () => {
  it('gives the text, why it ended and what it took', async () => {
    const { engine, model } = said(['Once', ' upon', ' a time']);
    const { text, finishReason, usage, warnings, response } = await generateText({ model, prompt: 'Tell me a story' });
    expect(text).toBe('Once upon a time');
    expect(finishReason).toBe('stop');
    expect(usage).toMatchObject({ inputTokens: 7, outputTokens: 3, totalTokens: 10, cachedInputTokens: 3 });
    expect(warnings).toEqual([]);
    expect(response.modelId).toBe('some/model');
    expect(engine.requests[0].prompt).toMatchObject({ messages: [{ role: 'user', content: 'Tell me a story' }] });
  });

  it('passes on every setting', async () => {
    const { engine, model } = said(['a', 'b']);
    const settings = { temperature: 0.3, topP: 0.9, topK: 5, seed: 7, presencePenalty: 0.1, frequencyPenalty: 0.2 };
    const { finishReason } = await generateText({
      model,
      prompt: 'x',
      ...settings,
      maxOutputTokens: 2,
      stopSequences: ['\n'],
      providerOptions: { tslm: { minP: 0.05, repetitionPenalty: 1.1, adapter: 'lora', logitBias: { 5: -1 } } },
    });
    expect(finishReason).toBe('length');
    expect(engine.requests[0]).toMatchObject({
      sampling: { ...settings, minP: 0.05, repetitionPenalty: 1.1, logitBias: { 5: -1 } },
      maxTokens: 2,
      stop: ['\n'],
      adapter: 'lora',
    });
    const options = { model, prompt: 'x', providerOptions: { tslm: { minp: 1 } } };
    expect(await errorOf(() => generateText(options))).toMatchObject({
      code: 'TSLM_UNKNOWN_KEY',
      hint: "did you mean 'minP'?",
    });
  });

  it('writes conversations as templates read them', async () => {
    const { engine, model } = said(['ok']);
    await generateText({
      model,
      system: 'Be brief.',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'The weather' },
            { type: 'text', text: '?' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'I must look.' },
            { type: 'text', text: 'Let me see.' },
            { type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: { city: 'Paris' } },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'c1', toolName: 'weather', output: { type: 'json', value: { t: 20 } } },
          ],
        },
        { role: 'user', content: 'And?' },
        { role: 'assistant', content: 'It is' },
      ],
    });
    expect(engine.requests[0].prompt).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'The weather?' },
        {
          role: 'assistant',
          content: 'Let me see.',
          reasoning_content: 'I must look.',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: { city: 'Paris' } } }],
        },
        { role: 'tool', tool_call_id: 'c1', name: 'weather', content: '{"t":20}' },
        { role: 'user', content: 'And?' },
        { role: 'assistant', content: 'It is' },
      ],
      tools: undefined,
      variables: undefined,
      continueFinalMessage: true,
    });
  });

  it('gives a model without a template one text', async () => {
    const { engine, model } = said(['ok'], { hasChatTemplate: false });
    await generateText({ model, system: 'A story.', prompt: 'Once' });
    expect(engine.requests[0].prompt).toEqual({ text: 'A story.\n\nOnce' });
    const messages = [
      { role: 'user' as const, content: 'a' },
      { role: 'assistant' as const, content: 'b' },
      { role: 'user' as const, content: 'c' },
    ];
    expect(await errorOf(() => generateText({ model, messages }))).toMatchObject({ code: 'TSLM_CHAT_TEMPLATE' });
    const { warnings } = await generateText({ model, prompt: 'x', tools: { weather } });
    expect(warnings).toEqual([{ type: 'unsupported', feature: 'tools', details: expect.stringContaining('template') }]);
  });

  it('refuses files', async () => {
    const { model } = said(['ok']);
    const image = { type: 'file' as const, data: new Uint8Array([1]), mediaType: 'image/png' };
    const messages = [{ role: 'user' as const, content: [image] }];
    expect(await errorOf(() => generateText({ model, messages }))).toMatchObject({ code: 'TSLM_NOT_SUPPORTED' });
  });

  it('fails as the engine does', async () => {
    const engine = scriptedEngine(async function* () {
      yield { type: 'start', promptTokens: 1, cachedTokens: 0 };
      throw new UserError('TSLM_OVERLOADED', 'the queue is full');
    });
    const error = await errorOf(() => generateText({ model: over(engine), prompt: 'x', maxRetries: 0 }));
    expect(error).toMatchObject({ code: 'TSLM_OVERLOADED' });
  });
});

describe('streamText', () => {
  it('streams', async () => {
    const { model } = said(['Once', '', ' upon']);
    const { textStream, finishReason, usage } = streamText({ model, prompt: 'x' });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect(pieces).toEqual(['Once', ' upon']);
    expect(await finishReason).toBe('stop');
    expect(await usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
  });

  it('streams raw events where asked', async () => {
    const { model } = said(['a']);
    const raw: unknown[] = [];
    for await (const part of streamText({ model, prompt: 'x', includeRawChunks: true }).fullStream) {
      if (part.type === 'raw') raw.push((part.rawValue as { type: string }).type);
    }
    expect(raw).toEqual(['start', 'text', 'finish', 'end']);
  });

  it('ends the work when it is aborted', async () => {
    const { engine, model } = said(new Array(1000).fill('a'));
    const controller = new AbortController();
    const types: string[] = [];
    for await (const part of streamText({ model, prompt: 'x', abortSignal: controller.signal }).fullStream) {
      types.push(part.type);
      if (part.type === 'text-delta') controller.abort();
    }
    expect(types).toContain('abort');
    expect(types.filter(type => type === 'text-delta').length).toBeLessThan(10);
    expect(engine.left).toBe(1);
  });

  it('says what went wrong on the way', async () => {
    const engine = scriptedEngine(async function* () {
      yield { type: 'start', promptTokens: 1, cachedTokens: 0 };
      yield { type: 'text', index: 0, text: 'a' };
      throw new UserError('TSLM_CLOSED', 'the model was closed');
    });
    const errors: unknown[] = [];
    const { textStream } = streamText({
      model: over(engine),
      prompt: 'x',
      onError: ({ error }) => void errors.push(error),
    });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect(pieces).toEqual(['a']);
    expect(errors).toMatchObject([{ code: 'TSLM_CLOSED' }]);
  });
});

describe('tools', () => {
  it('are shown to the model, called, and answered', async () => {
    const { engine, model } = said(inPieces(`Let me see.\n${call}`));
    const { steps, text } = await generateText({
      model,
      prompt: 'Weather?',
      tools: { weather },
      stopWhen: stepCountIs(2),
    });
    expect(steps[0].finishReason).toBe('tool-calls');
    expect(steps[0].toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'Paris' } }]);
    expect(steps[0].toolResults).toMatchObject([{ output: 'sunny in Paris' }]);
    expect(text).toBe('Let me see.');
    const [first, second] = engine.requests;
    expect(first.prompt).toMatchObject({
      tools: [{ type: 'function', function: { name: 'weather', parameters: { required: ['city'] } } }],
    });
    expect(first.constraint).toBeUndefined();
    expect(second.prompt).toMatchObject({
      messages: [{}, { tool_calls: [{ function: { name: 'weather' } }] }, { role: 'tool', content: 'sunny in Paris' }],
    });
  });

  it('stream their arguments', async () => {
    const { model } = said(inPieces(`${call}\n${call.replace('Paris', 'Rome')}`));
    const types: string[] = [];
    const inputs: unknown[] = [];
    for await (const part of streamText({ model, prompt: 'x', tools: { weather } }).fullStream) {
      types.push(part.type);
      if (part.type === 'tool-call') inputs.push(part.input);
    }
    expect(inputs).toEqual([{ city: 'Paris' }, { city: 'Rome' }]);
    expect(types.filter(type => type === 'tool-input-start')).toHaveLength(2);
    expect(types.filter(type => type === 'tool-input-delta').length).toBeGreaterThan(4);
    expect(types).not.toContain('text-delta');
  });

  it('must be called where toolChoice says so', async () => {
    const { engine, model } = said(['{"name": "weather", "argu', 'ments": {"city": "Rome"}}']);
    const tools = { weather: tool({ inputSchema: weather.inputSchema }) };
    const forced = { type: 'tool', toolName: 'weather' } as const;
    const { toolCalls, finishReason } = await generateText({ model, prompt: 'x', tools, toolChoice: forced });
    expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'Rome' } }]);
    expect(finishReason).toBe('tool-calls');
    expect(engine.requests[0].constraint).toMatchObject({ kind: 'jsonSchema' });
    await generateText({ model, prompt: 'x', tools, toolChoice: 'none' });
    expect(engine.requests[1].prompt).toMatchObject({ tools: undefined });
    expect(engine.requests[1].constraint).toBeUndefined();
  });

  it('and JSON at once are a warning', async () => {
    const { engine, model } = said(['{"a": 1}']);
    const schema = jsonSchema<{ a: number }>({ type: 'object', properties: { a: { type: 'number' } } });
    const { warnings } = await generateText({
      model,
      prompt: 'x',
      tools: { weather },
      output: Output.object({ schema }),
    });
    expect(warnings).toMatchObject([{ type: 'unsupported', feature: 'responseFormat' }]);
    expect(engine.requests[0].constraint).toBeUndefined();
  });
});

describe('structured output', () => {
  const schema = jsonSchema<{ name: string }>({
    type: 'object',
    properties: { name: { type: 'string' } },
    required: ['name'],
    additionalProperties: false,
  });

  it('is held to the schema', async () => {
    const { engine, model } = said(['{"name": ', '"Ann"}']);
    const { object, warnings } = await generateObject({ model, schema, prompt: 'Who?' });
    expect(object).toEqual({ name: 'Ann' });
    expect(warnings).toEqual([]);
    expect(engine.requests[0].constraint).toMatchObject({
      kind: 'jsonSchema',
      schema: { properties: { name: { type: 'string' } }, required: ['name'] },
    });
    const partial: unknown[] = [];
    for await (const part of streamObject({ model, schema, prompt: 'Who?' }).partialObjectStream) partial.push(part);
    expect(partial.at(-1)).toEqual({ name: 'Ann' });
    const named = await generateObject({ model, schema, schemaName: 'person', prompt: 'Who?' });
    expect(named.warnings).toMatchObject([{ type: 'unsupported', feature: 'responseFormat.name' }]);
  });

  it('may be any JSON, or follow a pattern', async () => {
    const { engine, model } = said(['{}']);
    await generateObject({ model, output: 'no-schema', prompt: 'x' });
    expect(engine.requests[0].constraint).toEqual({ kind: 'json' });
    await generateText({ model, prompt: 'x', providerOptions: { tslm: { regex: 'a|b' } } });
    expect(engine.requests[1].constraint).toEqual({ kind: 'regex', pattern: 'a|b' });
    const both = { model, schema, prompt: 'x', providerOptions: { tslm: { regex: 'a|b' } } };
    expect(await errorOf(() => generateObject(both))).toMatchObject({ code: 'TSLM_CONTRADICTION' });
  });
});

describe('a provider', () => {
  it('refuses an option that there is not', async () => {
    expect(await errorOf(() => createTslm({ maxContex: 5 } as never))).toMatchObject({
      message: "createTslm: unknown key 'maxContex'",
      hint: "did you mean 'maxContext'?",
    });
  });

  it('opens a model once, and again after it failed or was closed', async () => {
    const engines: ScriptedEngine[] = [];
    let isThere = false;
    const tslm = createTslm({
      dtype: 'float32',
      async open(path, options) {
        expect([path, options]).toEqual(['a', { dtype: 'float32' }]);
        if (!isThere) throw new UserError('TSLM_NO_MODEL', 'not yet');
        engines.push(scriptedEngine(['ok']));
        return engines.at(-1)!;
      },
    });
    const ask = () => generateText({ model: tslm('a'), prompt: 'x', maxRetries: 0 });
    expect(await errorOf(ask)).toMatchObject({ code: 'TSLM_NO_MODEL' });
    isThere = true;
    await Promise.all([ask(), ask()]);
    expect(engines).toHaveLength(1);
    await tslm.close();
    expect(engines[0].isClosed).toBe(true);
    await ask();
    expect(engines).toHaveLength(2);
    await tslm.close();
  });

  it('embeds', async () => {
    const tslm = createTslm({ open: async () => scriptedEngine([]) });
    const model = tslm.embeddingModel('m');
    const { embeddings, usage } = await embedMany({ model, values: ['a', 'abc'] });
    expect(embeddings).toEqual([
      [1, 1],
      [3, 1],
    ]);
    expect(usage.tokens).toBe(4);
    const cut = { model, value: 'a', providerOptions: { tslm: { truncate: true } } };
    expect((await embed(cut)).embedding).toEqual([1, 1]);
    const wrong = { model, value: 'a', providerOptions: { tslm: { pool: 'mean' } } };
    expect(await errorOf(() => embed(wrong))).toMatchObject({ code: 'TSLM_UNKNOWN_KEY' });
  });
});

describe('a model of this machine', () => {
  const folder = taskModels(scratchFolder());
  const tslm = createTslm({ dtype: 'float32', memory: 1e8 });
  afterAll(() => tslm.close());
  const writer = tslm(join(folder, 'writer'));

  it('writes and streams the same', async () => {
    const settings = { model: writer, prompt: 'hello', temperature: 0, maxOutputTokens: 12 };
    const { text, usage, finishReason } = await generateText(settings);
    expect(usage.inputTokens).toBe('user: hello\nassistant: '.length);
    expect(usage.outputTokens).toBe(12);
    expect(finishReason).toBe('length');
    let streamed = '';
    for await (const piece of streamText(settings).textStream) streamed += piece;
    expect(streamed).toBe(text);
  });

  it('writes what a schema allows', async () => {
    const schema = jsonSchema<{ mood: string; age: number }>({
      type: 'object',
      properties: { mood: { enum: ['glad', 'sad'] }, age: { type: 'integer', minimum: 0, maximum: 99 } },
      required: ['mood', 'age'],
      additionalProperties: false,
    });
    const { object } = await generateObject({ model: writer, schema, prompt: 'who?', temperature: 1, seed: 3 });
    expect(['glad', 'sad']).toContain(object.mood);
    expect(object.age).toBeLessThan(100);
  });

  it('calls a function where it must', async () => {
    const sized = tool({
      inputSchema: jsonSchema<{ size: string }>({
        type: 'object',
        properties: { size: { enum: ['s', 'm', 'l'] } },
        required: ['size'],
        additionalProperties: false,
      }),
    });
    const forced = { type: 'tool', toolName: 'sized' } as const;
    const { toolCalls } = await generateText({
      model: writer,
      prompt: 'x',
      tools: { sized },
      toolChoice: forced,
      seed: 1,
    });
    expect(toolCalls).toHaveLength(1);
    expect(['s', 'm', 'l']).toContain((toolCalls[0].input as { size: string }).size);
  });

  it('embeds', async () => {
    const model = tslm.embeddingModel(join(folder, 'vectors'));
    const { embeddings, usage } = await embedMany({
      model,
      values: ['the cat', 'a dog sat'],
      providerOptions: { tslm: { dimensions: 8 } },
    });
    expect(embeddings.map(vector => vector.length)).toEqual([8, 8]);
    expect(Math.hypot(...embeddings[0])).toBeCloseTo(1, 5);
    expect(usage.tokens).toBe(9);
  });
});
