/** What clients of OpenAI's API do, as they are released, against a running server: with any model behind it. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, Output, streamText, tool } from 'ai';
import { Ajv } from 'ajv';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

export interface RunningServer {
  url: string;
  /** Names of models. */
  chat: string;
  embed: string;
  close(): Promise<void>;
}

const schema = {
  type: 'object',
  properties: { town: { type: 'string', maxLength: 12 }, sunny: { type: 'boolean' } },
  required: ['town', 'sunny'],
  additionalProperties: false,
} as const;
const follows = new Ajv().compile(schema);
const question = [{ role: 'user' as const, content: 'Where is it sunny?' }];
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'the weather of a town',
    parameters: schema as unknown as Record<string, unknown>,
  },
};
const CUT = { max_tokens: 12 };

export function describeClients(name: string, start: () => Promise<RunningServer>): void {
  describe(name, () => {
    let server: RunningServer;
    let openai: OpenAI;
    beforeAll(async () => {
      server = await start();
      openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
    });
    afterAll(() => server?.close());

    describe('openai', () => {
      it('lists models', async () => {
        const ids = [];
        for await (const { id } of openai.models.list()) ids.push(id);
        expect(ids).toContain(server.chat);
        expect((await openai.models.retrieve(server.chat)).id).toBe(server.chat);
      });

      it('chats, and streams the same', async () => {
        const ask = { model: server.chat, messages: question, temperature: 0, ...CUT };
        const whole = await openai.chat.completions.create(ask);
        const { usage } = whole;
        expect(usage!.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens);
        let text = '';
        let counted: OpenAI.CompletionUsage | null | undefined;
        const reasons: (string | null)[] = [];
        const stream = await openai.chat.completions.create({
          ...ask,
          stream: true,
          stream_options: { include_usage: true },
        });
        for await (const { choices, usage } of stream) {
          text += choices[0]?.delta.content ?? '';
          if (choices[0]) reasons.push(choices[0].finish_reason);
          counted = usage;
        }
        expect(text).toBe(whole.choices[0].message.content);
        expect(reasons.at(-1)).toBe(whole.choices[0].finish_reason);
        expect(counted).toMatchObject({ completion_tokens: usage!.completion_tokens });
      });

      it('completes texts, with log-probabilities', async () => {
        const { choices } = await openai.completions.create({
          model: server.chat,
          prompt: ['Once', 'There was'],
          logprobs: 2,
          echo: true,
          max_tokens: 4,
        });
        expect(choices.map(({ index }) => index)).toEqual([0, 1]);
        expect(choices[0].text.startsWith('Once')).toBe(true);
        const { tokens, token_logprobs: logprobs } = choices[0].logprobs!;
        expect(tokens!.join('')).toContain('Once');
        expect(logprobs!.slice(1).every(logprob => logprob <= 0)).toBe(true);
      });

      it('gets n texts, and tokens with alternatives', async () => {
        const { choices } = await openai.chat.completions.create({
          model: server.chat,
          messages: question,
          n: 2,
          seed: 1,
          logprobs: true,
          top_logprobs: 1,
          ...CUT,
        });
        expect(choices).toHaveLength(2);
        for (const { logprobs } of choices) expect(logprobs!.content![0].top_logprobs).toHaveLength(1);
      });

      it('calls functions when it must', async () => {
        const ask = {
          model: server.chat,
          messages: question,
          tools: [weather],
          tool_choice: 'required',
          parallel_tool_calls: false,
        } as const;
        const { choices } = await openai.chat.completions.create({ ...ask, tools: [weather] });
        const call = choices[0].message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall;
        expect(choices[0].finish_reason).toBe('tool_calls');
        expect(call.function.name).toBe('weather');
        expect(follows(JSON.parse(call.function.arguments)), call.function.arguments).toBe(true);
        const stream = openai.chat.completions.stream({ ...ask, tools: [weather] });
        const message = await stream.finalMessage();
        expect((message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall).function.name).toBe('weather');
      });

      it('gets JSON that follows a schema', async () => {
        const { choices } = await openai.chat.completions.create({
          model: server.chat,
          messages: question,
          response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
        });
        expect(follows(JSON.parse(choices[0].message.content!)), choices[0].message.content!).toBe(true);
      });

      it('uses the newer form of a chat, streamed or not', async () => {
        const ask = { model: server.chat, input: 'Hi', temperature: 0, max_output_tokens: 12 };
        const whole = await openai.responses.create(ask);
        let text = '';
        for await (const event of await openai.responses.create({ ...ask, stream: true })) {
          if (event.type === 'response.output_text.delta') text += event.delta;
        }
        expect(text).toBe(whole.output_text);
        const held = await openai.responses.create({
          model: server.chat,
          input: 'Hi',
          text: { format: { type: 'json_schema', name: 'place', schema } },
        });
        expect(follows(JSON.parse(held.output_text)), held.output_text).toBe(true);
      });

      it('embeds', async () => {
        const { data } = await openai.embeddings.create({ model: server.embed, input: ['a', 'b'] });
        const { data: plain } = await openai.embeddings.create({
          model: server.embed,
          input: 'a',
          encoding_format: 'float',
        });
        expect(data).toHaveLength(2);
        expect(data[0].embedding).toHaveLength(plain[0].embedding.length);
        for (const [i, value] of plain[0].embedding.entries()) expect(data[0].embedding[i]).toBeCloseTo(value, 5);
      });

      it('is told what is wrong', async () => {
        const ask = { model: server.chat, messages: question };
        await expect(openai.chat.completions.create({ ...ask, model: 'none' })).rejects.toBeInstanceOf(
          OpenAI.NotFoundError,
        );
        const error = await openai.chat.completions.create({ ...ask, top_p: 7 }).catch((one: unknown) => one);
        expect(error).toBeInstanceOf(OpenAI.BadRequestError);
        expect(error).toMatchObject({ param: 'top_p', code: 'invalid_value' });
      });

      it('leaves a stream in the middle', async () => {
        const stream = await openai.chat.completions.create({ model: server.chat, messages: question, stream: true });
        for await (const _ of stream) break;
        expect(stream.controller.signal.aborted).toBe(true);
      });
    });

    describe("the AI SDK's OpenAI-compatible provider", () => {
      const model = () =>
        createOpenAICompatible({
          name: 'tslm',
          baseURL: `${server.url}/v1`,
          includeUsage: true,
          supportsStructuredOutputs: true,
        })(server.chat);

      it('writes and streams text', async () => {
        const ask = { prompt: 'Hi', temperature: 0, maxOutputTokens: 12 };
        const { text, usage } = await generateText({ model: model(), ...ask });
        let streamed = '';
        const { textStream, usage: streamedUsage } = streamText({ model: model(), ...ask });
        for await (const part of textStream) streamed += part;
        expect(streamed).toBe(text);
        expect((await streamedUsage).outputTokens).toBe(usage.outputTokens);
      });

      it('calls tools, and writes objects', async () => {
        const { toolCalls } = await generateText({
          model: model(),
          prompt: 'Hi',
          toolChoice: { type: 'tool', toolName: 'weather' },
          tools: { weather: tool({ inputSchema: jsonSchema(schema as never) }) },
        });
        expect(toolCalls[0].toolName).toBe('weather');
        expect(follows(toolCalls[0].input)).toBe(true);
        const { output } = await generateText({
          model: model(),
          prompt: 'Hi',
          output: Output.object({ schema: jsonSchema(schema as never) }),
        });
        expect(follows(output)).toBe(true);
      });
    });

    describe("LangChain's ChatOpenAI", () => {
      const model = () =>
        new ChatOpenAI({
          model: server.chat,
          apiKey: 'none',
          temperature: 0,
          maxTokens: 200,
          configuration: { baseURL: `${server.url}/v1` },
        });

      it('writes and streams text', async () => {
        const { content } = await model().invoke('Hi');
        let streamed = '';
        for await (const chunk of await model().stream('Hi')) streamed += chunk.content as string;
        expect(streamed).toBe(content);
      });

      it('calls tools, and writes objects', async () => {
        const { tool_calls: calls } = await model().bindTools([weather], { tool_choice: 'weather' }).invoke('Hi');
        expect(calls![0].name).toBe('weather');
        expect(follows(calls![0].args)).toBe(true);
        const held = model().withStructuredOutput(schema as unknown as Record<string, unknown>, {
          name: 'place',
          method: 'jsonSchema',
        });
        expect(follows(await held.invoke('Hi'))).toBe(true);
      });
    });
  });
}
