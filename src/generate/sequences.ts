/** Generation from a batch of token ids to a batch of token ids, padded as Hugging Face's `generate` returns it. */
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { GenerationConfig } from './config/generation-options.ts';
import { generate } from './generate.ts';
import type { GenerateOptions } from './generate-options.ts';
import type { GeneratedToken } from './generated-token.ts';
import type { GenerationInputs } from './prompt/generation-inputs.ts';
import { decoderStartToken } from './prompt/prompts.ts';
import { logSoftmax } from './sampling.ts';
import { repeat } from './sessions/session.ts';

export interface GeneratedSequences {
  /**
   * [batch · numReturnSequences][time]: the prompt as it was given (an encoder–decoder's start token), then what was generated. Shorter texts are filled with
   * `padTokenId`, or with the (first) end-of-sequence token where there is no pad token; beam search does the latter for a
   * pad id of 0, too.
   */
  sequences: number[][];
  /** Of beam search: sum of log-probabilities / generated tokens ** lengthPenalty, for each text. */
  sequencesScores?: number[];
  /** Where asked for: for each text and generated token the log-probabilities [vocabulary] that the model gave. */
  logProbs?: Float32Array[][];
}

export interface SequencesOptions extends Pick<GenerateOptions, 'assistant' | 'negativePrompts'> {
  /** Return the model's log-probabilities, those that guidance makes of them where there is any; not with beams. Default false. */
  logProbs?: boolean;
}

/**
 * Generates for a whole batch, to its end.
 *
 * @param inputs `attentionMask` by default leaves out pad tokens, unless they are end-of-sequence tokens as well
 * @throws UserError as `generate`, and for options that need text: `stopStrings`
 */
export function generateSequences(
  model: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  { logProbs = false, ...more }: SequencesOptions = {},
): GeneratedSequences {
  const { numBeams, eosTokenId, stopStrings } = config;
  const padTokenId = config.padTokenId ?? eosTokenId[0] ?? 0;
  if (stopStrings.length > 0) {
    throw usageError('TSLM_CONTRADICTION', "'stopStrings' need a tokenizer", 'use generateText, or leave them out');
  }
  if (logProbs && numBeams > 1) {
    throw usageError(
      'TSLM_CONTRADICTION',
      "'logProbs' are those of one text as it grows, and 'numBeams' follows several",
      'leave out one of them',
    );
  }
  const texts: { tokens: GeneratedToken[]; logProbs: Float32Array[] }[] = [];
  const textOf = (row: number): (typeof texts)[number] => {
    texts[row] ??= { tokens: [], logProbs: [] };
    return texts[row];
  };
  const { inputIds, attentionMask = inputIds && maskOfPadding(inputIds, config), pixelValues } = inputs;
  const completed: GenerationInputs = { inputIds, attentionMask, pixelValues };
  const options = {
    ...more,
    beyondContext: true,
    onLogits: logProbs
      ? (row: number, logits: Float32Array) => textOf(row).logProbs.push(logSoftmax(logits.slice()))
      : undefined,
  };
  for (const tokens of generate(model, completed, config, options)) {
    for (const token of tokens) textOf(token.row).tokens.push(token);
  }
  const promptOf = (prompt: number): number[] => {
    const start = decoderStartToken(model, config);
    return start === undefined ? Array.from(inputIds![prompt]) : [start];
  };
  // Beam search may find fewer texts than were asked for: flatMap passes over those.
  const longest = Math.max(0, ...texts.flatMap(({ tokens }) => tokens.length));
  const fill = numBeams > 1 ? padTokenId || (eosTokenId[0] ?? 0) : padTokenId;
  const sequences = texts.flatMap(({ tokens }, row) => {
    const prompt = promptOf(Math.floor(row / config.numReturnSequences));
    return [[...prompt, ...tokens.map(({ id }) => id), ...repeat(fill, longest - tokens.length)]];
  });
  return {
    sequences,
    ...(numBeams > 1 && { sequencesScores: texts.flatMap(({ tokens }) => tokens.at(-1)!.score!) }),
    ...(logProbs && { logProbs: texts.map(text => text.logProbs) }),
  };
}

function maskOfPadding(
  inputIds: readonly ArrayLike<number>[],
  { padTokenId, eosTokenId }: GenerationConfig,
): number[][] | undefined {
  if (padTokenId === null || eosTokenId.includes(padTokenId)) return undefined;
  const masks = inputIds.map(ids => Array.from(ids, id => (id === padTokenId ? 0 : 1)));
  return masks.some(mask => mask.includes(0)) ? masks : undefined;
}
