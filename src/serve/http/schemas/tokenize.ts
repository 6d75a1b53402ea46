/** The bodies of `/tokenize` and `/detokenize`, as vLLM has them. */
import { z } from 'zod';
import { messages } from './messages.ts';
import { name } from './sampling.ts';
import { chatTools } from './tools.ts';

export const tokenizeSchema = z.strictObject({
  model: name.optional().describe('name of a model; may be left out where there is one'),
  prompt: z.string().optional().describe('a text; or else `messages`'),
  messages: messages.optional(),
  tools: chatTools,
  continue_final_message: z.boolean().optional().describe('with `messages`: end within the last one'),
  chat_template_kwargs: z.record(z.string(), z.unknown()).optional().describe('variables of the chat template'),
  add_special_tokens: z.boolean().optional().describe('with `prompt`: default true'),
  return_token_strs: z.boolean().optional().describe("give each token's text as well"),
});

export const detokenizeSchema = z.strictObject({
  model: name.optional().describe('name of a model; may be left out where there is one'),
  tokens: z.array(z.int().min(0)).describe('token ids'),
  skip_special_tokens: z.boolean().optional().describe('leave out what is not text. Default false'),
});
