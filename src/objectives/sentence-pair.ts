/**
 * What one segment has to do with another: whether it follows (BERT's next-sentence prediction, Devlin et al. 2019,
 * 3.1), or which of two comes first (ALBERT's sentence order, Lan et al. 2020, 3.1). Words are masked at the same time.
 */
import { z } from 'zod';
import type { MaskedLMHead } from '../models/heads/masked-lm.ts';
import type { NextSentenceHead, PretrainingHead } from '../models/heads/sentence-pair.ts';
import { wordHeadOf } from '../models/heads/word-head.ts';
import { tokenLoss } from '../models/losses.ts';
import { usageError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';
import { isGradEnabled, scope, type Tensor } from '../torch/index.ts';
import { attentionMaskOf, int64Of, padRows, shareRight, targetsOf, wordMeans } from './batches.ts';
import { type MaskedBatch, maskingKeys, probabilityAt } from './masked.ts';
import { applyMask, drawMask, type Masked, maskVocabulary } from './masking.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import { drawLength, drawNextSentence, drawSentenceOrder, framePair, type Sentences, truncatePair } from './pairs.ts';

export const sentencePairKeys = {
  ...maskingKeys,
  /** How often a pair is shorter than the model could read. */
  shortShare: z.number().min(0).max(1).default(0.1),
};

export const nextSentenceOptions = z.strictObject({ name: z.literal('next-sentence'), ...sentencePairKeys });
export const sentenceOrderOptions = z.strictObject({ name: z.literal('sentence-order'), ...sentencePairKeys });

export type SentencePairOptions = Partial<Omit<z.output<typeof nextSentenceOptions>, 'name'>>;

export interface PairExample extends Masked {
  types: readonly number[];
  /** 0: next, or in order; 1: random, or swapped. */
  label: 0 | 1;
}

export interface PairBatch extends MaskedBatch {
  /** int64 [batch, time] */
  tokenTypeIds: Tensor;
  /** int64 [batch] */
  pair: Tensor;
}

type PairObjective = Objective<'document', PairExample, PairBatch>;

/**
 * Next-sentence prediction: a document's second segment, or one of another document in half of the cases.
 *
 * @throws UserError when there are no documents to take the others from
 */
export function nextSentence(context: ObjectiveContext, options: SentencePairOptions = {}): PairObjective {
  const { documents } = context;
  if (!documents || documents.length < 2) {
    throw usageError('TSLM_NO_DOCUMENTS', 'next-sentence prediction needs two documents at least', 'add documents');
  }
  const otherThan = (index: number, random: Random): Sentences => {
    const drawn = random.below(documents.length - 1);
    return documents.row(drawn < index ? drawn : drawn + 1).sentences;
  };
  return sentencePair('next-sentence', context, options, ({ sentences, index }, length, random) =>
    drawNextSentence(sentences, length, () => otherThan(index, random), random),
  );
}

/** Sentence order: two segments that follow each other, swapped in half of the cases. */
export const sentenceOrder = (context: ObjectiveContext, options: SentencePairOptions = {}): PairObjective =>
  sentencePair('sentence-order', context, options, ({ sentences }, length, random) =>
    drawSentenceOrder(sentences, length, random),
  );

function sentencePair(
  name: string,
  { tokenizer, context }: ObjectiveContext,
  { probability = 0.15, shortShare = 0.1, copies, ...masking }: SentencePairOptions,
  draw: (
    row: { sentences: Sentences; index: number },
    length: number,
    random: Random,
  ) => ReturnType<typeof drawSentenceOrder>,
): PairObjective {
  const vocabulary = maskVocabulary(tokenizer, masking.unit);
  const frame = tokenizer.specialTokensAroundPair();
  const room = context - frame.before.ids.length - frame.between.ids.length - frame.after.ids.length;
  return {
    name,
    rows: 'document',
    // Without masked words a head for the pair alone does.
    tasks: probability === 0 ? ['pretraining', 'nextSentence'] : ['pretraining'],
    weights: { words: 1, pair: 1 },
    copies,

    example({ sentences, index }, random, progress = 1) {
      const length = drawLength(room, shortShare, random);
      const written = sentences.filter(ids => ids.length > 0);
      const { a, b, label } = draw({ sentences: written, index }, length, random);
      const cut = truncatePair(a, b, length, () => random.next() < 0.5);
      const { ids, types } = framePair(...cut, frame);
      const chosen = { ...masking, probability: probabilityAt(probability, progress) };
      return { ...applyMask(ids, drawMask(ids, chosen, vocabulary, random), vocabulary.maskId), types, label };
    },

    lengthOf: ({ inputIds }) => inputIds.length,

    batch(examples, device) {
      const rows = examples.map(({ inputIds }) => inputIds);
      return {
        inputIds: padRows(rows, tokenizer.padTokenId ?? 0, device),
        attentionMask: attentionMaskOf(rows, device),
        tokenTypeIds: padRows(
          examples.map(({ types }) => types),
          0,
          device,
        ),
        targets: targetsOf(
          examples.map(({ labels }) => labels),
          device,
        ),
        pair: int64Of(
          examples.map(({ label }) => label),
          device,
        ),
      };
    },

    counts: ({ targets: { count }, pair }) => ({
      words: count,
      accuracy: count,
      pair: pair.numel,
      pairAccuracy: pair.numel,
    }),

    means: (model, { inputIds, attentionMask, tokenTypeIds, targets, pair }) =>
      scope(() => {
        const output = model.backbone.forward({ inputIds, attentionMask, tokenTypeIds });
        const logits = (model.head as PretrainingHead | NextSentenceHead).pairLogits(output);
        return {
          ...wordMeans(wordHeadOf(model) as MaskedLMHead, output.lastHiddenState, targets),
          pair: tokenLoss(logits, pair),
          ...(isGradEnabled() ? {} : { pairAccuracy: shareRight(logits, pair) }),
        };
      }),
  };
}
