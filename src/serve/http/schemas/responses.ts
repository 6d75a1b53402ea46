/** The body of `/v1/responses`: OpenAI's newer form of a chat, without what a server would have to remember. */
import { z } from 'zod';
import { namedSchema } from './chat.ts';
import { inert } from './inert.ts';
import type { Message } from './messages.ts';
import {
  extensions,
  mostTokens,
  name,
  openaiSampling,
  reasoningEffort,
  seed,
  streaming,
  thinkingBudget,
} from './sampling.ts';
import { parallelToolCalls, responsesToolChoice, responsesTools } from './tools.ts';

/** With what our answers and clients add to them: annotations, log-probabilities, what was parsed. */
const part = z.discriminatedUnion('type', [
  z.looseObject({ type: z.enum(['input_text', 'output_text', 'text']), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
]);
const content = z.union([z.string(), z.array(part)], { error: 'expected a text or a list of parts' });
const common = {
  id: z.string().nullish(),
  status: z.enum(['in_progress', 'completed', 'incomplete']).nullish(),
};
const caller = z.strictObject({ type: z.literal('direct') }).nullish();

const item = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.enum(['system', 'developer', 'user', 'assistant']),
    content,
    phase: z.enum(['commentary', 'final_answer']).nullish(),
    ...common,
  }),
  z.strictObject({
    type: z.literal('function_call'),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    parsed_arguments: z.unknown().optional(),
    async: z.literal(false).nullish(),
    caller,
    ...common,
  }),
  z.strictObject({ type: z.literal('function_call_output'), call_id: z.string(), output: content, caller, ...common }),
  z.strictObject({
    type: z.literal('reasoning'),
    summary: z.array(z.looseObject({ text: z.string() })).nullish(),
    content: z.array(z.looseObject({ text: z.string() })).nullish(),
    encrypted_content: z.null({ error: 'only the service that encrypted it can read it' }).optional(),
    ...common,
  }),
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
  max_output_tokens: mostTokens(1).describe(
    'most tokens to write, within what the context leaves. Default, and -1: all of that',
  ),
  ...openaiSampling,
  text: z
    .strictObject({ format: format.nullish(), verbosity: z.literal('medium').nullish() })
    .optional()
    .describe('`format`: what the answer follows'),
  tools: responsesTools,
  tool_choice: responsesToolChoice,
  parallel_tool_calls: parallelToolCalls,
  top_logprobs: z.int().min(0).max(20).optional().describe('alternatives; `include` asks for log-probabilities'),
  include: z
    .array(z.enum(['message.output_text.logprobs', 'reasoning.encrypted_content']))
    .optional()
    .describe("`message.output_text.logprobs`: each token's log-probability; reasoning is never encrypted"),
  stream: streaming.stream,
  stream_options: z
    .strictObject({ include_obfuscation: z.literal(false).nullish() })
    .optional()
    .describe('nothing is padded: only `include_obfuscation: false`'),
  seed,
  reasoning: z
    .strictObject({
      effort: reasoningEffort.nullish(),
      summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
      generate_summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
    })
    .optional()
    .describe('`effort`, as in chats; nothing is summarised'),
  thinking_token_budget: thinkingBudget,
  max_tool_calls: z.int().min(1).optional().describe('without effect: of tools that a server runs, and there are none'),
  ...shared,
  truncation: z.literal('disabled').optional().describe('what is too long is an error: only `disabled`'),
  background: z.literal(false).optional().describe('answers come with the request: only `false`'),
  ...inert,
});

export type ResponsesBody = z.output<typeof responsesSchema>;

const textOf = (given: z.output<typeof content>): string =>
  typeof given === 'string'
    ? given
    : given.map(part => (part.type === 'refusal' ? part.refusal : part.text) as string).join('');

/**
 * As messages of a chat: calls that follow each other belong to one message, and to the text before them; what was thought
 * belongs to what comes of it.
 */
export function messagesOf({ input, instructions }: Pick<ResponsesBody, 'input' | 'instructions'>): Message[] {
  const all: Message[] = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
  if (typeof input === 'string') return [...all, { role: 'user', content: input }];
  let thought: { reasoning_content?: string } = {};
  for (const one of input) {
    if (one.type === 'reasoning') {
      const said = one.content?.length ? one.content : (one.summary ?? []);
      thought = { reasoning_content: said.map(({ text }) => text).join('\n') };
    } else if (one.type === 'function_call_output') {
      all.push({ role: 'tool', tool_call_id: one.call_id, content: textOf(one.output) });
    } else if (one.type === 'function_call') {
      const { call_id, name, arguments: text } = one;
      const call = { id: call_id, type: 'function' as const, function: { name, arguments: text } };
      const last = all.at(-1);
      if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
      else all.push({ role: 'assistant', content: null, tool_calls: [call], ...thought });
      thought = {};
    } else if (one.role === 'assistant') {
      all.push({ role: 'assistant', content: textOf(one.content), ...thought });
      thought = {};
    } else {
      all.push({ role: one.role, content: textOf(one.content) });
    }
  }
  return all;
}
