/** The body of `/v1/chat/completions`. */
import { z } from 'zod';
import { inert } from './inert.ts';
import { messages } from './messages.ts';
import {
  beamSearch,
  completionSampling,
  extensions,
  mostTokens,
  name,
  reasoningEffort,
  streaming,
  thinkingBudget,
} from './sampling.ts';
import { chatToolChoice, chatTools, parallelToolCalls } from './tools.ts';

const schemaName = z.string().regex(/^[\w-]{1,64}$/, 'a name is 1 to 64 letters, digits, _ and -');

/** `schema` may be left out: then any JSON object will do. `strict` or not, the text follows it. */
export const namedSchema = {
  name: schemaName,
  description: z.string().nullish(),
  schema: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
};

const responseFormat = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({ type: z.literal('json_schema'), json_schema: z.strictObject(namedSchema) }),
  ])
  .optional()
  .describe('`text`, `json_object`, or `json_schema` with the schema that every answer follows');

export const chatSchema = z.strictObject({
  model: name.describe('name of a model or adapter'),
  messages,
  max_completion_tokens: mostTokens(1).describe(
    'most tokens to write, within what the context leaves. Default, and -1: all of that',
  ),
  max_tokens: mostTokens(1).describe('the older name of `max_completion_tokens`'),
  logprobs: z.boolean().optional().describe("each token's log-probability"),
  top_logprobs: z.int().min(0).max(20).optional().describe('with `logprobs`: number of alternatives'),
  response_format: responseFormat,
  tools: chatTools,
  tool_choice: chatToolChoice,
  parallel_tool_calls: parallelToolCalls,
  ...completionSampling,
  ...extensions,
  ...beamSearch,
  ...streaming,
  modalities: z
    .tuple([z.literal('text')])
    .optional()
    .describe('answers are texts: only `["text"]`'),
  continue_final_message: z.boolean().optional().describe('go on with the last message in place of a new one'),
  chat_template_kwargs: z.record(z.string(), z.unknown()).optional().describe('variables of the chat template'),
  reasoning_effort: reasoningEffort
    .optional()
    .describe(
      "`none`: the template's variable `enable_thinking` is false; of a model that thinks also `minimal` (at most 256 tokens of thought), `low` (1,024), `medium` (4,096), `high` and `xhigh` (all that there is room for)",
    ),
  thinking_token_budget: thinkingBudget,
  verbosity: z.literal('medium').optional().describe('only `medium`, which asks for nothing'),
  prediction: z.looseObject({}).optional().describe('without effect: a guess at the answer'),
  ...inert,
});

export type ChatBody = z.output<typeof chatSchema>;
