/** The body of `/v1/embeddings`. */
import { z } from 'zod';
import { prompts } from './completions.ts';
import { inert } from './inert.ts';
import { name } from './sampling.ts';

export const embeddingsSchema = z.strictObject({
  model: name.describe('name of a model'),
  input: prompts.describe('a text, a list of texts, token ids, or a list of lists of token ids'),
  encoding_format: z.enum(['float', 'base64']).optional().describe('`base64`: little-endian float32. Default `float`'),
  dimensions: z.int().min(1).optional().describe('number of dimensions to keep of each vector'),
  truncate: z
    .boolean()
    .optional()
    .describe('read the beginning of what is too long for the model. Default false: an error'),
  user: inert.user,
});
