/**
 * Options of generation, under Hugging Face's names in camelCase and with Hugging Face's defaults
 * (transformers, `GenerationConfig`).
 */
import { z } from 'zod';
import { randomSeed } from '../../support/random.ts';
import { beamOptions, samplingOptions } from './sampling-options.ts';

const id = z.int().nonnegative();
const ids = z.array(id);
const idOrIds = z.union([id.transform(value => [value]), ids], { error: 'expected a token id or a list of them' });
const count = z.int().nonnegative();
const probability = z.number().min(0).max(1);

export const generationConfigSchema = z.strictObject({
  /** Most tokens to generate. Wins over `maxLength`; 20 when neither is given. */
  maxNewTokens: z.int().positive().optional(),
  /** Most tokens in all, prompt included. */
  maxLength: z.int().positive().optional(),
  /** Tokens to generate before the sequence may end. */
  minNewTokens: count.default(0),
  /** Tokens, prompt included, before the sequence may end. */
  minLength: count.default(0),
  /** Seconds after which no further token is generated. */
  maxTime: z.number().positive().optional(),
  /** Texts that end the generation; they are not part of the result. */
  stopStrings: z
    .union([z.string().transform(text => [text]), z.array(z.string())], { error: 'expected a text or a list of texts' })
    .default([]),

  /** Sample (true) or always take the most probable token (false). */
  doSample: z.boolean().default(false),
  /** Seed of sampling. Default: random, and reported by the resolved configuration and by every text. */
  seed: samplingOptions.seed.nonnegative().default(randomSeed),
  temperature: samplingOptions.temperature.positive().default(1),
  /** 0: off. Sampling keeps the 50 most probable tokens unless told otherwise. */
  topK: samplingOptions.topK.nonnegative().default(50),
  /** 1: off. */
  topP: samplingOptions.topP.default(1),
  minP: samplingOptions.minP.optional(),
  /** 1: off. */
  typicalP: z.number().positive().max(1).default(1),
  /** 0: off. */
  epsilonCutoff: z.number().min(0).lt(1).default(0),
  /** 0: off. */
  etaCutoff: z.number().min(0).lt(1).default(0),

  /** Beams; 1: no beam search. */
  numBeams: beamOptions.numBeams.default(1),
  /**
   * When beam search ends: true: with `numBeams` finished texts; false: when the best open one, scored at its present
   * length, is worse than those; 'never': when it could not be better at any length.
   */
  earlyStopping: z
    .union([z.boolean(), z.literal('never')], { error: "expected true, false or 'never'" })
    .default(false),
  /** A text of beam search scores its log-probability / length ** lengthPenalty: above 0 favours long ones. */
  lengthPenalty: beamOptions.lengthPenalty.default(1),
  /** Texts for each prompt: the best of beam search, or independent samples. */
  numReturnSequences: z.int().positive().default(1),
  /** Groups of beams that differ from each other; 1: off. */
  numBeamGroups: z.int().positive().default(1),
  /** Subtracted from a token for each earlier group that has chosen it at the same step. */
  diversityPenalty: z.number().min(0).default(0),

  /**
   * Words that a text of beam search must hold: each a list of token ids, or several such lists of which one is enough.
   */
  forceWordsIds: z
    .array(
      z.union([ids.min(1).transform(word => [word]), z.array(ids.min(1)).min(1)], {
        error: 'expected lists of token ids, or lists of such lists',
      }),
    )
    .default([]),

  /** Contrastive search: the penalty on similarity to the text so far, with `topK` candidates; 0: off. */
  penaltyAlpha: probability.default(0),

  /** Prompt-lookup decoding: draft this many tokens from an earlier occurrence of the last ones in the prompt or text. */
  promptLookupNumTokens: z.int().positive().optional(),
  /** Longest n-gram that is matched. */
  maxMatchingNgramSize: z.int().positive().default(2),
  /** Tokens that an assistant drafts at once. */
  numAssistantTokens: z.int().positive().default(20),
  /** heuristic: two more after a draft that was accepted whole, otherwise one fewer. Each text starts anew. */
  numAssistantTokensSchedule: z.enum(['constant', 'heuristic', 'heuristic_transient']).default('constant'),
  /** An assistant stops drafting after a token that it finds less probable than this. */
  assistantConfidenceThreshold: probability.default(0.4),

  /** Scale of classifier-free guidance, against the model without the prompt; 1: off. */
  guidanceScale: z.number().default(1),

  /** 1: off. */
  repetitionPenalty: samplingOptions.repetitionPenalty.default(1),
  /** 1: off. */
  encoderRepetitionPenalty: z.number().positive().default(1),
  /** Subtracted once from tokens that were generated (OpenAI). */
  presencePenalty: samplingOptions.presencePenalty.default(0),
  /** Subtracted for each time that a token was generated (OpenAI). */
  frequencyPenalty: samplingOptions.frequencyPenalty.default(0),
  /** 0: off. */
  noRepeatNgramSize: count.default(0),
  /** 0: off. */
  encoderNoRepeatNgramSize: count.default(0),
  badWordsIds: z.array(ids.min(1)).default([]),
  sequenceBias: z.array(z.tuple([ids.min(1), z.number()])).default([]),
  suppressTokens: ids.default([]),
  beginSuppressTokens: ids.default([]),
  forcedBosTokenId: id.optional(),
  forcedEosTokenId: idOrIds.default([]),
  /** [tokens generated before it starts, growth per token]. */
  exponentialDecayLengthPenalty: z.tuple([count, z.number().positive()]).optional(),
  removeInvalidValues: z.boolean().default(false),
  renormalizeLogits: z.boolean().default(false),

  /** One id, several, or null: nothing ends the sequence. */
  eosTokenId: z
    .union([z.null().transform((): number[] => []), idOrIds], { error: 'expected a token id, a list of them, or null' })
    .default([]),
  bosTokenId: id.nullable().default(null),
  padTokenId: id.nullable().default(null),
  decoderStartTokenId: id.nullable().default(null),
});

/** What a caller may give: every key is optional. */
export type GenerationOptions = z.input<typeof generationConfigSchema>;

/** Everything decided: defaults filled in, single ids and strings turned into lists. */
export type GenerationConfig = z.output<typeof generationConfigSchema>;

/** Most tokens in all for a prompt of this length. */
export const maxLengthOf = ({ maxNewTokens, maxLength }: GenerationConfig, promptLength: number): number =>
  maxNewTokens !== undefined ? promptLength + maxNewTokens : (maxLength ?? promptLength + 20);
