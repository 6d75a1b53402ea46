/** Answers of the endpoints for models that do something else than continue a text. */
import { z } from 'zod';
import { readingUsage, usage } from './usage.ts';

const list = <Data extends z.ZodType>(data: Data) => ({
  object: z.literal('list'),
  model: z.string(),
  data: z.array(data),
});
const index = z.int();
const scoredLabel = z.object({ label: z.string(), score: z.number() });

export const embeddingList = z.object({
  ...list(
    z.object({
      object: z.literal('embedding'),
      index,
      embedding: z.union([z.array(z.number()), z.string().describe('with `encoding_format: base64`')]),
    }),
  ),
  usage: readingUsage,
});

export const classification = z.object({
  id: z.string(),
  ...list(z.object({ index, ...scoredLabel.shape, labels: z.array(scoredLabel) })),
  usage: readingUsage,
});

export const ranking = z.object({
  id: z.string(),
  model: z.string(),
  results: z.array(
    z.object({ index, relevance_score: z.number(), document: z.object({ text: z.string() }).optional() }),
  ),
  usage: z.object({ total_tokens: z.int() }),
});

const candidate = z.object({ token: z.int(), token_str: z.string(), score: z.number(), sequence: z.string() });

export const filledMasks = z.object({
  id: z.string(),
  ...list(z.object({ index, candidates: z.array(candidate) })),
  usage: readingUsage,
});

export const extractedAnswers = z.object({
  id: z.string(),
  ...list(z.object({ index, text: z.string(), score: z.number(), start: z.int(), end: z.int() })),
  usage: readingUsage,
});

const reason = z.enum(['stop', 'length']);

export const rewriting = z.object({
  id: z.string(),
  ...list(z.object({ index, text: z.string(), finish_reason: reason })),
  usage,
});

export const rewritingChunk = z.object({
  id: z.string(),
  object: z.literal('list.chunk'),
  model: z.string(),
  data: z.array(z.object({ index, text: z.string(), finish_reason: reason.nullable() })),
  usage: usage.optional(),
});

export const tokenization = z.object({
  count: z.int(),
  max_model_len: z.int().nullable(),
  tokens: z.array(z.int()),
  token_strs: z.array(z.string()).nullable(),
});

export const detokenization = z.object({ prompt: z.string() });
