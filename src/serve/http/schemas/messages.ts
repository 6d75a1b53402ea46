/** Messages of a conversation, as OpenAI's API writes them and as chat templates read them. */
import { z } from 'zod';
import type { ChatMessage } from '../../../tokenizers/chat/chat.ts';

const part = z.strictObject({
  type: z.literal('text', { error: "only parts of type 'text' are supported" }),
  text: z.string(),
});
const content = z.union([z.string(), z.array(part).min(1)], { error: 'expected a text or a list of parts' });
const speaker = z.string().max(64).optional();

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

/** What a client sends back of an answer, with the fields that are empty in ours. */
const assistant = z.strictObject({
  role: z.literal('assistant'),
  content: content.nullish(),
  name: speaker,
  tool_calls: z.array(toolCall).nullish(),
  refusal: z.null().optional(),
  annotations: z.array(z.never()).nullish(),
  audio: z.null().optional(),
  function_call: z.null().optional(),
});

export const messages = z
  .array(
    z.discriminatedUnion('role', [
      z.strictObject({ role: z.literal('system'), content, name: speaker }),
      z.strictObject({ role: z.literal('developer'), content, name: speaker }),
      z.strictObject({ role: z.literal('user'), content, name: speaker }),
      assistant,
      z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string() }),
    ]),
  )
  .min(1)
  .max(10_000)
  .describe('the conversation; parts of messages are texts');

export type Message = z.output<typeof messages>[number];

const textOf = (given: string | readonly { text: string }[]): string =>
  typeof given === 'string' ? given : given.map(({ text }) => text).join('');

/** Templates know `system` and not `developer`, and read arguments as objects (Transformers' convention). */
export function templateMessage(message: Message): ChatMessage {
  if (message.role === 'developer') return { ...message, role: 'system', content: textOf(message.content) };
  if (message.role !== 'assistant') return { ...message, content: textOf(message.content) };
  const { name, tool_calls } = message;
  return {
    role: 'assistant',
    content: message.content == null ? '' : textOf(message.content),
    ...(name === undefined ? {} : { name }),
    ...(tool_calls?.length ? { tool_calls: tool_calls.map(templateCall) } : {}),
  };
}

function templateCall(call: z.output<typeof toolCall>): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(call.function.arguments);
  } catch {
    parsed = call.function.arguments; // what a model wrote that was cut off
  }
  return { ...call, function: { name: call.function.name, arguments: parsed } };
}
