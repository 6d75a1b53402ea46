/** Answers of `/v1/completions`; an event of a stream has the same form. */
import { z } from 'zod';
import { usage } from './usage.ts';

const logprobs = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
    text_offset: z.array(z.int()),
  })
  .nullable();
const reason = z.enum(['stop', 'length']);

const completionOf = (finishReason: z.ZodType) => ({
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string().nullable().describe('content of model and adapter'),
  choices: z.array(z.object({ text: z.string(), index: z.int(), logprobs, finish_reason: finishReason })),
});

export const completion = z.object({ ...completionOf(reason), usage });
export const completionChunk = z.object({ ...completionOf(reason.nullable()), usage: usage.nullish() });
