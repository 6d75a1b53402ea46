/**
 * Sequence to sequence (Sutskever et al. 2014; Vaswani et al. 2017): a text is read and its translation, summary or
 * answer written, with label smoothing (Szegedy et al. 2016, 7): (1 − ε) of the loss says which word is right, ε that
 * no word is impossible. The two are terms of their own, so that the perplexity of `words` stays what it is.
 */
import { z } from 'zod';
import { scope } from '../torch/index.ts';
import { statesAt, wordMeans } from './batches.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import { smoothingLoss } from './smoothing.ts';
import {
  decoderStates,
  type TextToText,
  type TextToTextBatch,
  textToTextBatch,
  textToTextCounts,
  textToTextLength,
  wordHead,
} from './text-to-text.ts';
import { zLossKeys } from './z-loss.ts';

export const seq2seqOptions = z.strictObject({
  name: z.literal('seq2seq'),
  /** ε. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  /** Stands before every source, as T5's "translate English to German: ". */
  prefix: z.string().default(''),
  /** Most tokens that are written. Default: as many as are read. */
  maxTarget: z.int().positive().optional(),
  ...zLossKeys,
});

/** Options of sequence-to-sequence learning; each is explained in docs/OBJECTIVES.md. */
export type Seq2SeqOptions = Partial<Omit<z.output<typeof seq2seqOptions>, 'name'>>;

/** Texts are cut where they are too long; special tokens stay. */
export function seq2seq(
  { tokenizer, context }: ObjectiveContext,
  { labelSmoothing = 0, prefix = '', maxTarget = context, zLoss = 0 }: Seq2SeqOptions = {},
): Objective<'translation', TextToText, TextToTextBatch> {
  const { before, after } = tokenizer.specialTokensAround();
  const around = before.length + after.length;
  const encode = (text: string, most: number): number[] => [
    ...before,
    ...tokenizer.encodeIds(text).subarray(0, Math.max(0, most - around)),
    ...after,
  ];
  return {
    name: 'seq2seq',
    rows: 'translation',
    tasks: ['seq2seqLM'],
    weights: {
      words: 1 - labelSmoothing,
      ...(labelSmoothing > 0 && { smoothing: labelSmoothing }),
      ...(zLoss > 0 && { zLoss }),
    },
    example: ({ source, target }) => ({
      inputIds: encode(prefix + source, context),
      labels: encode(target, maxTarget),
    }),
    lengthOf: textToTextLength,
    batch: (examples, device) => textToTextBatch(examples, tokenizer, device),
    counts: batch => ({
      ...textToTextCounts(batch),
      ...(labelSmoothing > 0 && { smoothing: batch.targets.count }),
      ...(zLoss > 0 && { zLoss: batch.targets.count }),
    }),
    means: (model, batch) =>
      scope(() => {
        const states = decoderStates(model, batch);
        const head = wordHead(model);
        const means = wordMeans(head, states, batch.targets, { zLoss: zLoss > 0 });
        if (labelSmoothing === 0 || batch.targets.count === 0) return means;
        return { ...means, smoothing: smoothingLoss(head.scores(statesAt(states, batch.targets))) };
      }),
  };
}
