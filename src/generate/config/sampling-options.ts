/**
 * Options of drawing and searching that every way to ask for a text has: what each does and which values it may have.
 * `generate` gives them defaults; HTTP renames them and narrows the ranges to OpenAI's; engines and the AI SDK take them as
 * they are.
 */
import { z } from 'zod';

const probability = z.number().min(0).max(1);

export const samplingOptions = {
  temperature: z.number().describe('0: always the most probable token'),
  topP: probability.describe('draw from the most probable tokens that make up so much; 0: from the first alone'),
  topK: z.int().describe('draw from so many tokens; 0: from all'),
  minP: probability.describe('drop tokens below so much of the most probable one'),
  seed: z.int().describe('the same seed, the same draws'),
  presencePenalty: z.number().describe('subtracted once from tokens that were generated'),
  frequencyPenalty: z.number().describe('subtracted for each time a token was generated'),
  repetitionPenalty: z.number().positive().describe('above 1: avoid what is there already'),
  logitBias: z
    .record(z.string().regex(/^\d{1,9}$/, 'keys are token ids'), z.number())
    .describe('by token id, added to its logit'),
};

export const beamOptions = {
  numBeams: z.int().min(1).describe('search for probable texts, so many at once'),
  lengthPenalty: z.number().describe('above 0 favours long texts'),
};

type Values<Fields extends Record<string, z.ZodType>> = { [K in keyof Fields]?: z.output<Fields[K]> };

/** What a request for a text says of sampling: 0 as temperature is greedy, 0 as `topK` is off. */
export type Sampling = Omit<Values<typeof samplingOptions>, 'logitBias'> & { logitBias?: Record<number, number> };
