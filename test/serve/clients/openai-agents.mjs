/** The OpenAI Agents SDK, over chats and over responses. It needs a newer Node than this project: `newest.test.ts` runs it. */
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';

async function withAgents(url, model, useResponses) {
  let calls = 0;
  const weather = tool({
    name: 'weather',
    description: 'the weather of a town',
    parameters: z.object({ town: z.string() }),
    execute: async ({ town }) => {
      calls++;
      return `sunny in ${town}`;
    },
  });
  const agent = new Agent({ name: 'Weather', instructions: 'Be short.', model, tools: [weather] });
  const openAIClient = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const modelProvider = new OpenAIProvider({ openAIClient, useResponses });
  const runner = new Runner({ modelProvider, tracingDisabled: true });
  const first = await runner.run(agent, 'Where is it sunny?');
  const again = [...first.history, { role: 'user', content: 'And again?' }];
  const second = await runner.run(agent, again, { stream: true });
  for await (const _ of second);
  await second.completed;
  const placed = new Agent({
    name: 'Place',
    model,
    outputType: z.object({ town: z.string(), sunny: z.boolean() }),
  });
  const { finalOutput } = await runner.run(placed, [...second.history, { role: 'user', content: 'As JSON.' }]);
  return { answer: `${first.finalOutput} ${second.finalOutput} ${JSON.stringify(finalOutput)}`, calls };
}

export const agentLoops = {
  'OpenAI Agents SDK: chats': (url, model) => withAgents(url, model, false),
  'OpenAI Agents SDK: responses': (url, model) => withAgents(url, model, true),
};
