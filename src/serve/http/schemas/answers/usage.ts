/** The count of tokens, and log-probabilities, as answers have them. */
import { z } from 'zod';

const count = z.int().min(0);

export const usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({
    cached_tokens: count.describe('known from requests before, and not read again'),
    cache_write_tokens: count.describe('kept for requests that begin alike'),
  }),
  completion_tokens_details: z
    .object({ reasoning_tokens: count })
    .optional()
    .describe('of a model that thinks: how many of them are thoughts'),
});

/** Of an endpoint that writes no text. */
export const readingUsage = z.object({ prompt_tokens: count, total_tokens: count });

export const responsesUsage = z.object({
  input_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }),
  output_tokens: count,
  output_tokens_details: z.object({ reasoning_tokens: count }),
  total_tokens: count,
});

const scored = { token: z.string(), logprob: z.number(), bytes: z.array(z.int()) };

export const tokenLogprob = z.object({ ...scored, top_logprobs: z.array(z.object(scored)) });
