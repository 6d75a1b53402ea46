/**
 * Masked language modelling (BERT, Devlin et al. 2019): some tokens are hidden, and the model says which they were.
 * Masks are drawn anew at each visit (RoBERTa, Liu et al. 2019), or once for each of several copies (`copies`), as
 * BERT's were.
 */
import { z } from 'zod';
import type { MaskedLMHead } from '../models/heads/masked-lm.ts';
import { wordHeadOf } from '../models/heads/word-head.ts';
import { scope, type Tensor } from '../torch/index.ts';
import { attentionMaskOf, padRows, type Targets, targetsOf, wordMeans } from './batches.ts';
import { applyMask, drawMask, type Masked, maskVocabulary } from './masking.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import { zLossKeys } from './z-loss.ts';

const share = z.number().min(0).max(1);

/** How tokens are chosen and masked, in every objective that does it. */
export const maskingKeys = {
  /** Share of the tokens that are chosen; from one to another over the training. Evaluations take the last. */
  probability: z.union([share, z.strictObject({ from: share, to: share })]).default(0.15),
  /** Of the chosen, how many are masked. */
  maskShare: share.default(0.8),
  /** Of the chosen, how many become a random token; the others stay. */
  randomShare: share.default(0.1),
  /** What is chosen as a whole: tokens, words, or spans of up to `maxSpan` words. */
  unit: z.enum(['token', 'word', 'span']).default('token'),
  maxSpan: z.int().positive().default(3),
  /** That many masks of each row, drawn once ("static"). Default: a new one at each visit ("dynamic"). */
  copies: z.int().positive().optional(),
};

const isPartition = ({ maskShare, randomShare }: { maskShare: number; randomShare: number }): boolean =>
  maskShare + randomShare <= 1 + 1e-9;

export const maskedOptions = z
  .strictObject({ name: z.literal('masked'), ...maskingKeys, ...zLossKeys })
  .refine(isPartition, { message: 'maskShare and randomShare are more than 1 together' });

/** Options of masked language modelling; each is explained in docs/OBJECTIVES.md. */
export type MaskedOptions = Partial<Omit<z.output<typeof maskedOptions>, 'name'>>;

/** The share that is chosen when so much of the training is done. */
export const probabilityAt = (probability: number | { from: number; to: number }, progress: number): number =>
  typeof probability === 'number' ? probability : probability.from + (probability.to - probability.from) * progress;

export interface MaskedBatch {
  /** int64 [batch, time] */
  inputIds: Tensor;
  /** int64 [batch, time] */
  attentionMask: Tensor | undefined;
  targets: Targets;
}

/** @throws UserError when the tokenizer has no mask token, or no words although they are asked for */
export function masked(
  { tokenizer, context }: ObjectiveContext,
  options: MaskedOptions = {},
): Objective<'tokens', Masked, MaskedBatch> {
  const { probability = 0.15, copies, zLoss = 0, ...masking } = options;
  const vocabulary = maskVocabulary(tokenizer, masking.unit);
  const { before, after } = tokenizer.specialTokensAround();
  const window = context - before.length - after.length;
  return {
    name: 'masked',
    rows: 'tokens',
    tasks: ['maskedLM', 'pretraining'],
    weights: { words: 1, ...(zLoss > 0 && { zLoss }) },
    window,
    copies,

    example({ ids: own }, random, progress = 1) {
      const ids = [...before, ...own.subarray(0, window), ...after];
      const chosen = { ...masking, probability: probabilityAt(probability, progress) };
      return applyMask(ids, drawMask(ids, chosen, vocabulary, random), vocabulary.maskId);
    },

    lengthOf: ({ inputIds }) => inputIds.length,

    batch(examples, device) {
      const rows = examples.map(({ inputIds }) => inputIds);
      const labels = examples.map(example => example.labels);
      return {
        inputIds: padRows(rows, tokenizer.padTokenId ?? 0, device),
        attentionMask: attentionMaskOf(rows, device),
        targets: targetsOf(labels, device),
      };
    },

    counts: ({ targets: { count } }) => ({ words: count, accuracy: count, ...(zLoss > 0 && { zLoss: count }) }),

    means: (model, { inputIds, attentionMask, targets }) =>
      scope(() => {
        const { lastHiddenState } = model.backbone.forward({ inputIds, attentionMask });
        return wordMeans(wordHeadOf(model) as MaskedLMHead, lastHiddenState, targets, { zLoss: zLoss > 0 });
      }),
  };
}
