/**
 * What agents do, with clients as they are released: three rounds of calling a tool, with everything that the client keeps of
 * an answer sent back as it is.
 */
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { extractReasoningMiddleware, generateText, type ModelMessage, streamText, tool, wrapLanguageModel } from 'ai';
import { createAgent, tool as langchainTool } from 'langchain';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { ROUNDS } from './rounds.ts';

// Parts that a provider leaves out of a history are none of our business here.
globalThis.AI_SDK_LOG_WARNINGS = false;

const Town = z.object({ town: z.string() });
const Place = z.object({ town: z.string(), sunny: z.boolean() });
const report = ({ town }: { town: string }): string => `sunny in ${town}`;
const description = 'the weather of a town';
const question = 'Where is it sunny?';

export interface Loops {
  [name: string]: (url: string, model: string) => Promise<{ answer: string; calls: number }>;
}

const openaiOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });

export const loops: Loops = {
  async 'openai: runTools'(url, model) {
    let calls = 0;
    const weather = {
      type: 'function' as const,
      function: {
        name: 'weather',
        description,
        parse: (text: string) => Town.parse(JSON.parse(text)),
        parameters: z.toJSONSchema(Town) as Record<string, unknown>,
        function: (town: z.output<typeof Town>) => {
          calls++;
          return report(town);
        },
      },
    };
    const runner = openaiOf(url).chat.completions.runTools({
      model,
      messages: [{ role: 'user', content: question }],
      tools: [weather],
    });
    return { answer: (await runner.finalContent()) ?? '', calls };
  },

  async 'openai: parse and stream, sent back'(url, model) {
    const client = openaiOf(url);
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: question }];
    const tools = [zodFunction({ name: 'weather', description, parameters: Town })];
    let calls = 0;
    for (let round = 0; ; round++) {
      const ask = { model, messages, tools };
      const completion =
        round % 2 === 0
          ? await client.chat.completions.parse(ask)
          : await client.chat.completions.stream({ ...ask }).finalChatCompletion();
      const { message } = completion.choices[0];
      messages.push(message as OpenAI.ChatCompletionMessageParam);
      if (!message.tool_calls?.length) break;
      for (const call of message.tool_calls) {
        calls++;
        const { parsed_arguments: town } = call.function as { parsed_arguments?: unknown };
        messages.push({ role: 'tool', tool_call_id: call.id, content: report(Town.parse(town)) });
      }
    }
    messages.push({ role: 'user', content: 'As JSON.' });
    const held = { model, messages, response_format: zodResponseFormat(Place, 'place') };
    const place = await client.chat.completions.parse(held);
    messages.push(place.choices[0].message as OpenAI.ChatCompletionMessageParam);
    messages.push({ role: 'user', content: 'Again.' });
    const { parsed } = (await client.chat.completions.parse(held)).choices[0].message;
    return { answer: `${messages.length} ${JSON.stringify(parsed)}`, calls };
  },

  async 'openai: responses, sent back'(url, model) {
    const client = openaiOf(url);
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: question }];
    const tools = [zodResponsesFunction({ name: 'weather', description, parameters: Town })];
    let calls = 0;
    for (let round = 0; ; round++) {
      const ask = { model, input, tools, text: { format: undefined } };
      const response =
        round % 2 === 0 ? await client.responses.parse(ask) : await client.responses.stream(ask).finalResponse();
      input.push(...(response.output as OpenAI.Responses.ResponseInputItem[]));
      const called = response.output.filter(({ type }) => type === 'function_call');
      if (called.length === 0) {
        input.push({ role: 'user', content: 'As JSON.' });
        const held = { model, input, text: { format: zodTextFormat(Place, 'place') } };
        const place = await client.responses.parse(held);
        input.push(...(place.output as OpenAI.Responses.ResponseInputItem[]), { role: 'user', content: 'Again.' });
        return { answer: `${response.output_text} ${(await client.responses.parse(held)).output_text}`, calls };
      }
      for (const call of called) {
        if (call.type !== 'function_call') continue;
        calls++;
        const output = report(Town.parse(JSON.parse(call.arguments)));
        input.push({ type: 'function_call_output', call_id: call.call_id, output });
      }
    }
  },

  'AI SDK: openai-compatible, with what was thought': (url, model) =>
    withAiSdk(createOpenAICompatible({ name: 'tslm', baseURL: `${url}/v1`, includeUsage: true })(model)),
  'AI SDK: openai, chats': (url, model) =>
    withAiSdk(createOpenAI({ baseURL: `${url}/v1`, apiKey: 'none' }).chat(model)),
  'AI SDK: openai, responses': (url, model) =>
    withAiSdk(createOpenAI({ baseURL: `${url}/v1`, apiKey: 'none' }).responses(model), {
      openai: { store: false, include: ['reasoning.encrypted_content'] },
    }),

  'LangChain: an agent': (url, model) => withLangChain(url, model, false),
  'LangChain: an agent over responses': (url, model) => withLangChain(url, model, true),
};

type SdkModel = Parameters<typeof wrapLanguageModel>[0]['model'];

async function withAiSdk(
  model: SdkModel,
  providerOptions?: Parameters<typeof generateText>[0]['providerOptions'],
): Promise<{ answer: string; calls: number }> {
  let calls = 0;
  const weather = tool({
    description,
    inputSchema: Town,
    execute: async town => {
      calls++;
      return report(town);
    },
  });
  const ask = {
    model: wrapLanguageModel({ model, middleware: extractReasoningMiddleware({ tagName: 'think' }) }),
    tools: { weather },
    stopWhen: ({ steps }: { steps: unknown[] }) => steps.length > ROUNDS,
    providerOptions,
    maxRetries: 0,
  };
  const messages: ModelMessage[] = [{ role: 'user', content: question }];
  const first = await generateText({ ...ask, messages });
  messages.push(...first.response.messages, { role: 'user', content: 'And again?' });
  const second = streamText({ ...ask, messages, onError() {} });
  const { messages: more } = await second.response;
  messages.push(...more, { role: 'user', content: 'Thanks.' });
  const { text } = await generateText({ ...ask, tools: {}, messages });
  return { answer: `${first.text} ${await second.text} ${text}`, calls };
}

async function withLangChain(
  url: string,
  name: string,
  useResponsesApi: boolean,
): Promise<{ answer: string; calls: number }> {
  let calls = 0;
  const weather = langchainTool(
    (town: z.output<typeof Town>) => {
      calls++;
      return report(town);
    },
    { name: 'weather', description, schema: Town },
  );
  const model = new ChatOpenAI({
    model: name,
    apiKey: 'none',
    useResponsesApi,
    maxRetries: 0,
    configuration: { baseURL: `${url}/v1` },
  });
  const agent = createAgent({ model, tools: [weather] });
  const first = await agent.invoke({ messages: [{ role: 'user', content: question }] });
  const messages = [...first.messages, { role: 'user', content: 'And again?' }];
  let last: { text?: string } | undefined;
  for await (const state of await agent.stream({ messages } as never, { streamMode: 'values' })) {
    last = (state as { messages: { text?: string }[] }).messages.at(-1);
  }
  return { answer: `${first.messages.at(-1)!.text} ${last?.text}`, calls };
}
