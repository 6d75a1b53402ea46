/** Answers of `/v1/responses`: whole, and the events of a stream. */
import { z } from 'zod';
import { responsesUsage, tokenLogprob } from './usage.ts';

const status = z.enum(['in_progress', 'completed', 'incomplete']);
const outputText = z.object({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.object({})).max(0),
  logprobs: z.array(tokenLogprob),
});
const message = z.object({
  id: z.string(),
  type: z.literal('message'),
  status,
  role: z.literal('assistant'),
  content: z.array(outputText),
});
const functionCall = z.object({
  id: z.string(),
  type: z.literal('function_call'),
  status,
  call_id: z.string(),
  name: z.string(),
  arguments: z.string().describe('JSON'),
});
const reasoningText = z.object({ type: z.literal('reasoning_text'), text: z.string() });
const reasoning = z.object({
  id: z.string(),
  type: z.literal('reasoning'),
  status,
  summary: z.array(z.object({})).max(0),
  content: z.array(reasoningText),
});
const item = z.discriminatedUnion('type', [message, functionCall, reasoning]);

export const response = z.object({
  id: z.string(),
  object: z.literal('response'),
  created_at: z.int(),
  status: z.enum(['in_progress', 'completed', 'incomplete', 'failed']),
  background: z.literal(false),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  incomplete_details: z.object({ reason: z.literal('max_output_tokens') }).nullable(),
  instructions: z.string().nullable(),
  max_output_tokens: z.int().nullable(),
  metadata: z.record(z.string(), z.string()),
  model: z.string(),
  output: z.array(item),
  parallel_tool_calls: z.boolean(),
  previous_response_id: z.null(),
  reasoning: z.object({ effort: z.string().nullable(), summary: z.string().nullable() }),
  service_tier: z.literal('default'),
  store: z.boolean().describe('whether it is kept to learn from'),
  temperature: z.number(),
  text: z.object({ format: z.looseObject({ type: z.string() }) }),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]),
  tools: z.array(z.looseObject({ type: z.string() })),
  top_logprobs: z.int(),
  top_p: z.number(),
  truncation: z.literal('disabled'),
  usage: responsesUsage.nullable(),
  user: z.string().nullable(),
});

const event = <const Type extends string, Fields extends z.ZodRawShape>(type: Type, fields: Fields) =>
  z.object({ type: z.literal(type), sequence_number: z.int(), ...fields });
const inItem = { item_id: z.string(), output_index: z.int() };
const inPart = { ...inItem, content_index: z.int() };

export const responseEvent = z.discriminatedUnion('type', [
  event('response.created', { response }),
  event('response.in_progress', { response }),
  event('response.output_item.added', { output_index: z.int(), item }),
  event('response.content_part.added', { ...inPart, part: z.union([outputText, reasoningText]) }),
  event('response.output_text.delta', { ...inPart, delta: z.string(), logprobs: z.array(tokenLogprob) }),
  event('response.output_text.done', { ...inPart, text: z.string(), logprobs: z.array(tokenLogprob) }),
  event('response.content_part.done', { ...inPart, part: z.union([outputText, reasoningText]) }),
  event('response.reasoning_text.delta', { ...inPart, delta: z.string() }),
  event('response.reasoning_text.done', { ...inPart, text: z.string() }),
  event('response.function_call_arguments.delta', { ...inItem, delta: z.string() }),
  event('response.function_call_arguments.done', { ...inItem, name: z.string(), arguments: z.string() }),
  event('response.output_item.done', { output_index: z.int(), item }),
  event('response.completed', { response }),
  event('response.incomplete', { response }),
  event('response.failed', { response }),
]);
