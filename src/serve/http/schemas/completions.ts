/** The body of `/v1/completions`. */
import { z } from 'zod';
import { inert } from './inert.ts';
import { beamSearch, completionSampling, extensions, mostTokens, name, streaming } from './sampling.ts';

const ids = z.array(z.int().min(0)).min(1);

/** A text or token ids, one or several. */
export const prompts = z.union([z.string(), z.array(z.string()).min(1).max(2048), ids, z.array(ids).min(1).max(2048)], {
  error: 'expected a text, a list of texts, a list of token ids or a list of such lists',
});

export const completionsSchema = z.strictObject({
  model: name.describe('name of a model or adapter'),
  prompt: prompts.describe('a text, a list of texts, token ids, or a list of lists of token ids'),
  max_tokens: mostTokens(0).describe(
    'most tokens to write, within what the context leaves; 0 only with `echo`, -1: all of that. Default 16',
  ),
  echo: z.boolean().optional().describe('give the prompt back before the text'),
  logprobs: z.int().min(0).max(20).optional().describe('log-probabilities, with this many alternatives'),
  best_of: z.int().min(1).max(128).optional().describe('sample this many texts, return the `n` most probable'),
  ...completionSampling,
  ...extensions,
  ...beamSearch,
  ...streaming,
  suffix: z.literal('').optional().describe('only the empty text'),
  user: inert.user,
  metadata: inert.metadata,
  store: inert.store,
});

export type CompletionsBody = z.output<typeof completionsSchema>;
