/**
 * The prefix language model (Raffel et al. 2020, 3.2.1; Liu et al. 2018): the encoder reads the beginning of a text,
 * the decoder writes how it goes on.
 */
import { z } from 'zod';
import type { Random } from '../support/random.ts';
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

export const prefixLMOptions = z.strictObject({
  name: z.literal('prefix-lm'),
  /** Mean share of the text that is written. */
  targetShare: z.number().gt(0).max(0.5).default(0.5),
});

export type PrefixLMOptions = Partial<Omit<z.output<typeof prefixLMOptions>, 'name'>>;

/** Tokens of the prefix: uniform, so that `targetShare` of the text is written on average, and a token at least. */
export function drawPrefixLength(length: number, targetShare: number, random: Random): number {
  const most = Math.min(length - 1, Math.max(1, Math.round(2 * targetShare * length) - 1));
  return length - 1 - random.below(most);
}

export const applyPrefix = (ids: ArrayLike<number>, length: number, eos: number): TextToText => {
  const all = Array.from(ids);
  return { inputIds: [...all.slice(0, length), eos], labels: [...all.slice(length), eos] };
};

/** @throws UserError when the tokenizer has no end token */
export function prefixLM(
  { tokenizer, context }: ObjectiveContext,
  { targetShare = 0.5 }: PrefixLMOptions = {},
): Objective<'tokens', TextToText, TextToTextBatch> {
  const eos = requireEos(tokenizer);
  const window = context - 1;
  return {
    name: 'prefix-lm',
    rows: 'tokens',
    tasks: ['seq2seqLM'],
    weights: { words: 1 },
    window,
    example({ ids }, random) {
      const seen = ids.subarray(0, window);
      return applyPrefix(seen, seen.length < 2 ? seen.length : drawPrefixLength(seen.length, targetShare, random), eos);
    },
    lengthOf: textToTextLength,
    batch: (examples, device) => textToTextBatch(examples, tokenizer, device),
    counts: textToTextCounts,
    means: textToTextMeans,
  };
}
