/** Parameters that all endpoints that write text share: OpenAI's, and those of open servers under vLLM's names. */
import { z } from 'zod';

const tokenId = z.int().min(0);
export const name = z.string().min(1).max(256);

/** OpenAI's. */
export const openaiSampling = {
  temperature: z.number().min(0).max(2).optional().describe('0: always the most probable token. Default 1'),
  top_p: z.number().gt(0).max(1).optional().describe('draw from the most probable tokens that make up so much'),
};

/** Of `/v1/completions` and `/v1/chat/completions` alike. */
export const completionSampling = {
  ...openaiSampling,
  n: z.int().min(1).max(128).optional().describe('texts for each prompt'),
  seed: z.int().min(0).optional().describe('the same seed, the same draws'),
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1)).max(4)])
    .optional()
    .describe('texts that end the answer and are not part of it, at most 4'),
  presence_penalty: z.number().min(-2).max(2).optional().describe('subtracted once from tokens that were generated'),
  frequency_penalty: z.number().min(-2).max(2).optional().describe('subtracted for each time a token was generated'),
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, 'keys are token ids'), z.number().min(-100).max(100))
    .optional()
    .describe('by token id, added to its logit'),
};

/** What OpenAI does not have. */
export const extensions = {
  top_k: z.int().min(-1).optional().describe('draw from so many tokens; 0 or -1: from all'),
  min_p: z.number().min(0).max(1).optional().describe('drop tokens below so much of the most probable one'),
  repetition_penalty: z.number().gt(0).max(10).optional().describe('above 1: avoid what is there already'),
  min_tokens: z.int().min(0).optional().describe('tokens before the answer may end'),
  ignore_eos: z.boolean().optional().describe('go on where the model would end'),
  stop_token_ids: z.array(tokenId).max(64).optional().describe('tokens that end the answer'),
  structured_outputs: z
    .strictObject({
      json: z.union([z.looseObject({}), z.boolean()]).optional(),
      regex: z.string().min(1).optional(),
      choice: z.array(z.string().min(1)).min(1).max(1000).optional(),
      grammar: z.string().min(1).optional(),
    })
    .refine(one => Object.values(one).filter(value => value !== undefined).length === 1, 'give exactly one constraint')
    .optional()
    .describe('what the text must follow: one of `json` (a schema), `regex`, `choice` (a list), `grammar` (GBNF)'),
};

/** Beam search, which knows no chance. */
export const beamSearch = {
  num_beams: z.int().min(1).max(64).optional().describe('search for probable texts, so many at once'),
  length_penalty: z.number().min(-10).max(10).optional().describe('with `num_beams`: above 0 favours long texts'),
};

export const streaming = {
  stream: z.boolean().optional().describe('send the text as it comes, as server-sent events'),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish(),
      include_obfuscation: z.literal(false).nullish(),
    })
    .optional()
    .describe('`include_usage`: a last event counts the tokens'),
};

/** What `n`, `stop` and the others look like once read. */
export type SamplingParameters = z.output<
  z.ZodObject<typeof completionSampling & typeof extensions & typeof beamSearch>
>;
