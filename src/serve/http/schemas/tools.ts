/** Functions that a model may call, as `/v1/chat/completions` and `/v1/responses` describe them. */
import { z } from 'zod';

const functionName = z.string().regex(/^[\w.-]{1,64}$/, 'a name is 1 to 64 letters, digits, _, . and -');

export const functionSchema = z.strictObject({
  name: functionName,
  description: z.string().nullish(),
  parameters: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
});

export const chatTools = z
  .array(
    z.strictObject({ type: z.literal('function'), function: functionSchema, cache_control: z.unknown().optional() }),
  )
  .max(128)
  .optional()
  .describe('functions that the model may call');

export const chatToolChoice = z
  .union([
    z.enum(['none', 'auto', 'required']),
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: functionName }) }),
  ])
  .optional()
  .describe('`none`, `auto` (default), `required`, or one function by name');

export const parallelToolCalls = z.boolean().optional().describe('several calls in one answer. Default true');

export const responsesTools = z
  .array(
    functionSchema.extend({
      type: z.literal('function'),
      // Only what is so anyway: called by the model itself, shown from the start, waited for.
      allowed_callers: z.tuple([z.literal('direct')]).nullish(),
      defer_loading: z.literal(false).nullish(),
      async: z.literal(false).nullish(),
    }),
  )
  .max(128)
  .optional()
  .describe('functions that the model may call');

export const responsesToolChoice = z
  .union([z.enum(['none', 'auto', 'required']), z.strictObject({ type: z.literal('function'), name: functionName })])
  .optional()
  .describe('`none`, `auto` (default), `required`, or one function by name');
