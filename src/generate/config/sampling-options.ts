/**
 * Options of sampling and beam search, shared by the library, HTTP, engines and the AI SDK: what each does and its range.
 * `generate` gives them defaults; HTTP renames them and narrows the ranges to OpenAI's; engines and the AI SDK take them as
 * they are.
 */
import { z } from 'zod';

const probability = z.number().min(0).max(1);

export const samplingOptions = {
  temperature: z.number().describe('0: always the most probable token'),
  topP: probability.describe(
    'nucleus sampling: sample from the most probable tokens with this cumulative probability; 0: the first alone',
  ),
  topK: z.int().describe('sample from the k most probable tokens; 0: from all'),
  minP: probability.describe('drop tokens below this share of the probability of the most probable one'),
  seed: z.int().describe('of the random generator: the same seed, the same samples'),
  presencePenalty: z.number().describe('subtracted once from tokens that were generated'),
  frequencyPenalty: z.number().describe('subtracted for each time a token was generated'),
  repetitionPenalty: z.number().positive().describe('above 1: avoid tokens of the text so far'),
  logitBias: z
    .record(z.string().regex(/^\d{1,9}$/, 'keys are token ids'), z.number())
    .describe('by token id, added to its logit'),
};

export const beamOptions = {
  numBeams: z.int().min(1).describe('beam search with this many beams'),
  lengthPenalty: z.number().describe('above 0 favours long texts'),
};

type Values<Fields extends Record<string, z.ZodType>> = { [K in keyof Fields]?: z.output<Fields[K]> };

/** Sampling options of a request: temperature 0 is greedy, `topK` 0 is off. */
export type Sampling = Omit<Values<typeof samplingOptions>, 'logitBias'> & { logitBias?: Record<number, number> };
