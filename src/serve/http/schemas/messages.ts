/** Messages of a conversation, as OpenAI's API writes them and as chat templates read them. */
import { z } from 'zod';
import type { ChatMessage } from '../../../tokenizers/chat/chat.ts';

/** Where a service with paid caching is to keep a beginning; here every beginning is kept. */
const caching = { cache_control: z.unknown().optional(), prompt_cache_breakpoint: z.unknown().optional() };

const ONLY_TEXTS = { error: "only parts of type 'text' are supported" };
const textPart = z.strictObject({ type: z.literal('text', ONLY_TEXTS), text: z.string(), ...caching });
const content = z.union([z.string(), z.array(textPart).min(1)], { error: 'expected a text or a list of parts' });
const speaker = z.string().max(256).nullish();

/** `index` is of the stream that a call was joined from, `parsed_arguments` what a client made of `arguments`. */
const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string(), parsed_arguments: z.unknown().optional() }),
  index: z.int().min(0).nullish(),
  ...caching,
});

/** Of an answer. The OpenAI Agents SDK writes into it whatever else came with the message. */
const saidPart = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
]);

/**
 * What a client sends back of an answer: with the fields that are empty in ours, and those that clients add to it. `parsed`
 * and `annotations` say nothing that the text does not.
 */
const assistant = z.strictObject({
  role: z.literal('assistant'),
  content: z.union([z.string(), z.array(saidPart)], { error: 'expected a text or a list of parts' }).nullish(),
  name: speaker,
  tool_calls: z.array(toolCall).nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  parsed: z.unknown().optional(),
  annotations: z.array(z.unknown()).nullish(),
  audio: z.null().optional(),
  function_call: z.null().optional(),
  ...caching,
});

export const messages = z
  .array(
    z.discriminatedUnion('role', [
      z.strictObject({ role: z.literal('system'), content, name: speaker, ...caching }),
      z.strictObject({ role: z.literal('developer'), content, name: speaker, ...caching }),
      z.strictObject({ role: z.literal('user'), content, name: speaker, ...caching }),
      assistant,
      z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string(), name: speaker, ...caching }),
    ]),
  )
  .min(1)
  .max(10_000)
  .describe('the conversation; parts of messages are texts');

export type Message = z.output<typeof messages>[number];

type Part = { type: 'text'; text: string } | { type: 'refusal'; refusal: string };

/** A refusal is what was said in place of an answer. */
const textOf = (given: string | readonly Part[]): string =>
  typeof given === 'string' ? given : given.map(part => (part.type === 'refusal' ? part.refusal : part.text)).join('');

/** Templates know `system` and not `developer`, and read arguments as objects (Transformers' convention). */
export function templateMessage(message: Message): ChatMessage {
  const named = message.name == null ? {} : { name: message.name };
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.tool_call_id, ...named, content: textOf(message.content) };
  }
  if (message.role !== 'assistant') {
    return { role: message.role === 'developer' ? 'system' : message.role, ...named, content: textOf(message.content) };
  }
  const { content, refusal, tool_calls } = message;
  const reasoning = message.reasoning_content ?? message.reasoning;
  return {
    role: 'assistant',
    content: textOf(content ?? refusal ?? ''),
    ...named,
    ...(reasoning ? { reasoning_content: reasoning } : {}),
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
  return { id: call.id, type: call.type, function: { name: call.function.name, arguments: parsed } };
}
