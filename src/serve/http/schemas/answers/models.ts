/** Answers about models and the server, and what every error looks like. */
import { z } from 'zod';

export const modelAnswer = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  parent: z.string().nullable(),
  max_model_len: z.int().nullable(),
  abilities: z.array(z.string()),
  model_type: z.string().nullable(),
  architecture: z.string().nullable(),
  task: z.string().nullable(),
  parameters: z.int().nullable(),
  dtype: z.string().nullable(),
});

export const modelList = z.object({ object: z.literal('list'), data: z.array(modelAnswer) });

export const modelDeleted = z.object({ id: z.string(), object: z.literal('model'), deleted: z.literal(true) });

export const health = z.looseObject({ status: z.string() });

export const errorAnswer = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
