/** The body of `/v1/responses`: OpenAI's newer form of a chat, without what a server would have to remember. */
import { z } from 'zod';
import { namedSchema } from './chat.ts';
import { inert } from './inert.ts';
import type { Message } from './messages.ts';
import { extensions, name, openaiSampling, streaming } from './sampling.ts';
import { parallelToolCalls, responsesToolChoice, responsesTools } from './tools.ts';

const part = z.looseObject({
  type: z.enum(['input_text', 'output_text', 'text'], { error: 'only parts that are texts are supported' }),
  text: z.string(),
});
const content = z.union([z.string(), z.array(part).min(1)], { error: 'expected a text or a list of parts' });
const status = z.enum(['in_progress', 'completed', 'incomplete']).nullish();
const id = z.string().nullish();

const item = z.union([
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.enum(['system', 'developer', 'user', 'assistant']),
    content,
    id,
    status,
  }),
  z.strictObject({
    type: z.literal('function_call'),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    id,
    status,
  }),
  z.strictObject({ type: z.literal('function_call_output'), call_id: z.string(), output: content, id, status }),
]);

const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({ type: z.literal('json_schema'), ...namedSchema }),
]);

const { stop_token_ids: _ids, ...shared } = extensions;

export const responsesSchema = z.strictObject({
  model: name.describe('name of a model or adapter'),
  input: z
    .union([z.string(), z.array(item).min(1).max(10_000)], { error: 'expected a text or a list of items' })
    .describe('a text, or messages, function calls and their outputs'),
  instructions: z.string().optional().describe('the system message'),
  max_output_tokens: z.int().min(1).optional().describe('most tokens to write. Default: what the context leaves'),
  ...openaiSampling,
  text: z.strictObject({ format: format.nullish() }).optional().describe('`format`: what the answer follows'),
  tools: responsesTools,
  tool_choice: responsesToolChoice,
  parallel_tool_calls: parallelToolCalls,
  top_logprobs: z.int().min(0).max(20).optional().describe('alternatives; `include` asks for log-probabilities'),
  include: z
    .array(z.literal('message.output_text.logprobs'))
    .max(1)
    .optional()
    .describe("`message.output_text.logprobs`: each token's log-probability"),
  stream: streaming.stream,
  stream_options: z
    .strictObject({ include_obfuscation: z.literal(false).nullish() })
    .optional()
    .describe('nothing is padded: only `include_obfuscation: false`'),
  seed: z.int().min(0).optional().describe('the same seed, the same draws'),
  ...shared,
  truncation: z.literal('disabled').optional().describe('what is too long is an error: only `disabled`'),
  background: z.literal(false).optional().describe('answers come with the request: only `false`'),
  ...inert,
});

export type ResponsesBody = z.output<typeof responsesSchema>;

const textOf = (given: z.output<typeof content>): string =>
  typeof given === 'string' ? given : given.map(({ text }) => text).join('');

/** As messages of a chat: calls that follow each other belong to one message, and to the text before them. */
export function messagesOf({ input, instructions }: Pick<ResponsesBody, 'input' | 'instructions'>): Message[] {
  const all: Message[] = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
  if (typeof input === 'string') return [...all, { role: 'user', content: input }];
  for (const one of input) {
    if (one.type === 'function_call_output') {
      all.push({ role: 'tool', tool_call_id: one.call_id, content: textOf(one.output) });
    } else if (one.type === 'function_call') {
      const { call_id, name, arguments: text } = one;
      const call = { id: call_id, type: 'function' as const, function: { name, arguments: text } };
      const last = all.at(-1);
      if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
      else all.push({ role: 'assistant', content: null, tool_calls: [call] });
    } else {
      all.push({ role: one.role, content: textOf(one.content) });
    }
  }
  return all;
}
