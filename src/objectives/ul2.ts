/**
 * UL2's mixture of denoisers (Tay et al. 2023, 3.1): short spans (R), long or many spans (X) and the rest of a text
 * (S). A token in front says which one is asked for.
 */
import { z } from 'zod';
import { usageError } from '../support/errors.ts';
import { applyNoiseMask, drawNoiseMask } from './noise-mask.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import { applyPrefix, drawPrefixLength } from './prefix-lm.ts';
import { sentinelIds } from './span-corruption.ts';
import {
  requireEos,
  type TextToText,
  type TextToTextBatch,
  textToTextBatch,
  textToTextCounts,
  textToTextLength,
  textToTextMeans,
} from './text-to-text.ts';

const weight = z.number().positive().default(1);
const noiseDensity = z.number().gt(0).lt(1);
const mode = z.string().min(1);

const denoiser = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('spans'), mode, meanSpan: z.number().min(1), noiseDensity, weight }),
  z.strictObject({ kind: z.literal('prefix'), mode, targetShare: z.number().gt(0).max(0.5), weight }),
]);
export type Denoiser = z.output<typeof denoiser>;

const spans = (mode: string, meanSpan: number, noiseDensity: number): Denoiser => ({
  kind: 'spans',
  mode,
  meanSpan,
  noiseDensity,
  weight: 1,
});

/** Table 1 of the paper. */
export const ul2Denoisers: readonly Denoiser[] = [
  spans('[R]', 3, 0.15),
  spans('[R]', 8, 0.15),
  { kind: 'prefix', mode: '[S]', targetShare: 0.25, weight: 1 },
  spans('[X]', 3, 0.5),
  spans('[X]', 8, 0.5),
  spans('[X]', 64, 0.15),
  spans('[X]', 64, 0.5),
];

export const ul2Options = z.strictObject({
  name: z.literal('ul2'),
  denoisers: z.array(denoiser).min(1).optional(),
  /** Whether a token in front of the text names the denoiser. */
  modeTokens: z.boolean().default(true),
});

export type UL2Options = Partial<Omit<z.output<typeof ul2Options>, 'name'>>;

/** @throws UserError when the tokenizer has no sentinels, no end token, or no token for a mode */
export function ul2(
  { tokenizer, context }: ObjectiveContext,
  { denoisers = [...ul2Denoisers], modeTokens = true }: UL2Options = {},
): Objective<'tokens', TextToText, TextToTextBatch> {
  const sentinels = sentinelIds(tokenizer);
  const eos = requireEos(tokenizer);
  const inFront = denoisers.map(({ mode }) => {
    if (!modeTokens) return [];
    const id = tokenizer.tokenToId(mode);
    if (id !== undefined) return [id];
    throw usageError(
      'TSLM_NO_MODE_TOKEN',
      `the tokenizer has no token ${mode} to name a denoiser by`,
      'train it with that special token, or set modeTokens: false',
    );
  });
  const total = denoisers.reduce((sum, { weight }) => sum + weight, 0);
  // There are no more sentinels than tokens that they replace, so that the text fits with its end and its mode.
  const window = context - 1 - (modeTokens ? 1 : 0);
  return {
    name: 'ul2',
    rows: 'tokens',
    tasks: ['seq2seqLM'],
    weights: { words: 1 },
    window,
    example({ ids }, random) {
      const seen = ids.subarray(0, window);
      let left = random.next() * total;
      let which = 0;
      while (which < denoisers.length - 1 && left >= denoisers[which].weight) left -= denoisers[which++].weight;
      const chosen = denoisers[which];
      const { inputIds, labels } =
        chosen.kind === 'prefix'
          ? applyPrefix(
              seen,
              seen.length < 2 ? seen.length : drawPrefixLength(seen.length, chosen.targetShare, random),
              eos,
            )
          : applyNoiseMask(seen, drawNoiseMask(seen.length, { ...chosen, maxSpans: sentinels.length }, random), {
              sentinels,
              eos,
            });
      return { inputIds: [...inFront[which], ...Array.from(inputIds)], labels };
    },
    lengthOf: textToTextLength,
    batch: (examples, device) => textToTextBatch(examples, tokenizer, device),
    counts: textToTextCounts,
    means: textToTextMeans,
  };
}
