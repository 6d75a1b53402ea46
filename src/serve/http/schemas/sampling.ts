/** Parameters that all endpoints that write text share: OpenAI's, and those of open servers under vLLM's names. */
import { z } from 'zod';
import { beamOptions, samplingOptions } from '../../../generate/config/sampling-options.ts';
import { SAMPLING_NAMES, written } from './names.ts';

const {
  temperature,
  topP,
  topK,
  minP,
  seed: ownSeed,
  presencePenalty,
  frequencyPenalty,
  repetitionPenalty,
  logitBias,
} = samplingOptions;

const tokenId = z.int().min(0);
export const name = z.string().min(1).max(256);

/** A limit of tokens; some clients write -1 for none (`limitOf`). */
export const mostTokens = (least: 0 | 1) =>
  z
    .int()
    .min(-1)
    .refine(given => given !== 0 || least === 0, 'expected at least 1, or -1 for all that there is room for')
    .meta(least === 0 ? {} : { not: { const: 0 } })
    .optional();

/** @returns undefined where there is no limit but the room that the model has */
export const limitOf = (given: number | undefined): number | undefined => (given === -1 ? undefined : given);

/** `undefined` draws one. Seeds of 64 bits, negative ones too, are seeds as others are, but for -1. */
export const seed = z
  .number()
  .refine(Number.isInteger, 'expected a whole number')
  .meta({ type: 'integer' })
  .optional()
  .transform(given => (given === -1 ? undefined : given))
  .describe(`${ownSeed.description}; -1: another one each time, as without it`);

/** Texts that end an answer: an empty one ends none. */
const stop = z
  .union([z.string(), z.array(z.string()).max(16)], { error: 'expected a text or a list of texts' })
  .optional()
  .transform(given => (given === undefined ? undefined : [given].flat().filter(text => text !== '')))
  .describe('texts that end the answer and are not part of it, at most 16');

/** What a model that thinks first is told; others do not think, and take `none` alone. */
export const reasoningEffort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']);

export type ReasoningEffort = z.output<typeof reasoningEffort>;

export const thinkingBudget = z
  .int()
  .min(0)
  .optional()
  .describe('most tokens of thought, of a model that thinks; the answer follows when they are spent');

/** OpenAI's. */
export const openaiSampling = written(
  {
    temperature: temperature.min(0).max(2).optional().describe(`${temperature.description}. Default 1`),
    topP: topP.optional(),
  },
  SAMPLING_NAMES,
);

/** Of `/v1/completions` and `/v1/chat/completions` alike. */
export const completionSampling = {
  ...openaiSampling,
  n: z.int().min(1).max(128).optional().describe('texts for each prompt'),
  seed,
  stop,
  ...written(
    {
      presencePenalty: presencePenalty.min(-2).max(2).optional(),
      frequencyPenalty: frequencyPenalty.min(-2).max(2).optional(),
      logitBias: z
        .record(logitBias.keyType, logitBias.valueType.min(-100).max(100))
        .optional()
        .describe(logitBias.description!),
    },
    SAMPLING_NAMES,
  ),
};

/** What OpenAI does not have. */
export const extensions = {
  ...written(
    {
      topK: topK.min(-1).optional().describe(topK.description!.replace('0:', '0 or -1:')),
      minP: minP.optional(),
      repetitionPenalty: repetitionPenalty.max(10).optional(),
    },
    SAMPLING_NAMES,
  ),
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
  num_beams: beamOptions.numBeams.max(64).optional(),
  length_penalty: beamOptions.lengthPenalty
    .min(-10)
    .max(10)
    .optional()
    .describe(`with \`num_beams\`: ${beamOptions.lengthPenalty.description}`),
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
