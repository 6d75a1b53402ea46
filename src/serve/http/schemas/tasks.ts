/** The bodies of endpoints for models that do something else than continue a text. */
import { z } from 'zod';
import { beamSearch, extensions, mostTokens, name, openaiSampling, seed, streaming } from './sampling.ts';

const model = name.describe('name of a model');
const pair = z.tuple([z.string(), z.string()]);

export const classifySchema = z.strictObject({
  model,
  input: z
    .union(
      [
        z.string(),
        z
          .array(z.union([z.string(), pair]))
          .min(1)
          .max(2048),
      ],
      {
        error: 'expected a text, or a list of texts or of pairs of texts',
      },
    )
    .describe('a text, or a list of texts or of pairs `[text, text]`'),
  top_k: z.int().min(1).optional().describe('number of labels. Default all'),
  truncate: z
    .boolean()
    .optional()
    .describe('read the beginning of what is too long for the model. Default false: an error'),
});

export const rerankSchema = z.strictObject({
  model,
  query: z.string().describe('what is looked for'),
  documents: z
    .array(z.union([z.string(), z.strictObject({ text: z.string() })]))
    .min(1)
    .max(2048)
    .describe('texts, or objects `{text}`'),
  truncate: z
    .boolean()
    .optional()
    .describe('read the beginning of what is too long for the model. Default false: an error'),
  top_n: z.int().min(1).optional().describe('number of results. Default all'),
  return_documents: z.boolean().optional().describe('give the texts back. Default false'),
});

export const fillMaskSchema = z.strictObject({
  model,
  input: z.string().describe('a text with mask tokens'),
  top_k: z.int().min(1).max(1000).optional().describe('number of tokens for each mask. Default 5'),
});

const { structured_outputs: _constraint, ...plainExtensions } = extensions;

/** `/v1/translate` and `/v1/summarize` */
export const rewriteSchema = z.strictObject({
  model,
  input: z.union([z.string(), z.array(z.string()).min(1).max(2048)]).describe('a text or a list of texts'),
  max_tokens: mostTokens(1).describe('most tokens to write; -1: as many as there is room for'),
  ...openaiSampling,
  seed,
  ...plainExtensions,
  ...beamSearch,
  stream: streaming.stream,
});

export const translateSchema = rewriteSchema.extend({
  source_language: z.string().optional().describe('of the texts, where the model reads several: as it names them'),
  target_language: z.string().optional().describe('of the translations, where the model writes several'),
});

export const answerSchema = z.strictObject({
  model,
  question: z.string().min(1).describe('what is asked'),
  context: z.string().min(1).describe('the text that has the answer'),
  top_k: z.int().min(1).max(100).optional().describe('number of answers. Default 1'),
});
