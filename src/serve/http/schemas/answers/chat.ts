/** Answers of `/v1/chat/completions`: whole, and as events of a stream. */
import { z } from 'zod';
import { tokenLogprob, usage } from './usage.ts';

const reason = z.enum(['stop', 'length', 'tool_calls']);
const logprobs = z.object({ content: z.array(tokenLogprob), refusal: z.null() }).nullable();
const functionCall = z.object({ name: z.string(), arguments: z.string().describe('JSON') });

export const chatCompletion = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string().nullable().describe('content of model and adapter'),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        reasoning_content: z.string().optional().describe('what a model that thinks thought'),
        tool_calls: z
          .array(z.object({ id: z.string(), type: z.literal('function'), function: functionCall }))
          .optional(),
      }),
      logprobs,
      finish_reason: reason,
    }),
  ),
  usage,
});

export const chatCompletionChunk = z.object({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string().nullable().describe('content of model and adapter'),
  choices: z.array(
    z.object({
      index: z.int(),
      delta: z.object({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        refusal: z.null().optional(),
        reasoning_content: z.string().optional(),
        tool_calls: z
          .array(
            z.object({
              index: z.int(),
              id: z.string().optional(),
              type: z.literal('function').optional(),
              function: functionCall.partial({ name: true }),
            }),
          )
          .optional(),
      }),
      logprobs,
      finish_reason: reason.nullable(),
    }),
  ),
  usage: usage.nullish().describe('with `stream_options.include_usage`: null but in the last event'),
});
