/**
 * Span corruption (T5, Raffel et al. 2020, 3.1.4): spans of the text are each replaced by a sentinel, and the model
 * writes sentinels with what stood there.
 */
import { z } from 'zod';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { applyNoiseMask, drawNoiseMask, randomSpansHelper } from './noise-mask.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import {
  requireEos,
  type TextToText,
  type TextToTextBatch,
  textToTextBatch,
  textToTextCounts,
  textToTextLength,
  textToTextMeans,
} from './text-to-text.ts';

export const spanCorruptionOptions = z.strictObject({
  name: z.literal('span-corruption'),
  /** Share of the tokens that are taken out. */
  noiseDensity: z.number().gt(0).lt(1).default(0.15),
  /** Mean length of a span. */
  meanSpan: z.number().min(1).default(3),
});

export type SpanCorruptionOptions = Partial<Omit<z.output<typeof spanCorruptionOptions>, 'name'>>;

/**
 * The ids of `<extra_id_0>`, `<extra_id_1>`, …
 *
 * @throws UserError when the tokenizer has none
 */
export function sentinelIds(tokenizer: Tokenizer): number[] {
  const ids: number[] = [];
  for (
    let id = tokenizer.tokenToId('<extra_id_0>');
    id !== undefined;
    id = tokenizer.tokenToId(`<extra_id_${ids.length}>`)
  )
    ids.push(id);
  if (ids.length > 0) return ids;
  throw usageError(
    'TSLM_NO_SENTINELS',
    'the tokenizer has no sentinels to put in the place of spans',
    'train it with the special tokens <extra_id_0> to <extra_id_99>',
  );
}

/** @throws UserError when the tokenizer has no sentinels, or no end token */
export function spanCorruption(
  { tokenizer, context }: ObjectiveContext,
  { noiseDensity = 0.15, meanSpan = 3 }: SpanCorruptionOptions = {},
): Objective<'tokens', TextToText, TextToTextBatch> {
  const sentinels = sentinelIds(tokenizer);
  const eos = requireEos(tokenizer);
  const { tokensLength: window } = randomSpansHelper(context, noiseDensity, meanSpan);
  const noise = { noiseDensity, meanSpan, maxSpans: sentinels.length };
  return {
    name: 'span-corruption',
    rows: 'tokens',
    tasks: ['seq2seqLM'],
    weights: { words: 1 },
    window,
    example({ ids }, random) {
      const seen = ids.subarray(0, window);
      return applyNoiseMask(seen, drawNoiseMask(seen.length, noise, random), { sentinels, eos });
    },
    lengthOf: textToTextLength,
    batch: (examples, device) => textToTextBatch(examples, tokenizer, device),
    counts: textToTextCounts,
    means: textToTextMeans,
  };
}
