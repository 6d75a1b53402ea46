/** The body of `POST /v1/models`. */
import { z } from 'zod';
import { name } from './sampling.ts';

export const loadSchema = z.strictObject({
  path: z.string().min(1).describe('folder of a model, or of a LoRA adapter (PEFT)'),
  name: name.optional().describe('what requests call it. Default: the name of the folder'),
  parent: name.optional().describe('of an adapter: the model that it changes'),
});
