/**
 * Parameters that say something to the people who run a service and change nothing in an answer. They are accepted and do
 * nothing, whatever they say.
 */
import { z } from 'zod';

const label = z.string().max(512);

export const inert = {
  user: label.optional().describe('without effect: names the end user'),
  safety_identifier: label.optional().describe('without effect: names the end user'),
  prompt_cache_key: label.optional().describe('without effect: prompts with the same beginning are always recognised'),
  metadata: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'where the server learns: `conversation` names it, `feedback_…` judges an answer from before; else without effect',
    ),
  store: z
    .boolean()
    .optional()
    .describe('keep request and answer to learn from, where the server was started with --learn; else without effect'),
  service_tier: z
    .enum(['auto', 'default', 'flex', 'scale', 'priority'])
    .optional()
    .describe('without effect: there is one tier'),
  prompt_cache_retention: label.optional().describe('without effect: what is kept goes when its room is needed'),
  prompt_cache_options: z.looseObject({}).optional().describe('without effect, as `prompt_cache_key`'),
};
