/**
 * A tag for each word, such as where names begin (Devlin et al. 2019, 5.3): read at the word's first token, the others do not
 * count.
 */
import { z } from 'zod';
import { IGNORE_INDEX } from '../models/losses.ts';
import { UserError } from '../support/errors.ts';
import { scope } from '../torch/index.ts';
import { statesAt, type Targets, targetsOf } from './batches.ts';
import { type EncodedBatch, type EncodedText, encodedBatch, inputsOf } from './encodings.ts';
import { labelKeys, labelLoss } from './label-loss.ts';
import { labelsOf } from './labels.ts';
import type { Objective, ObjectiveContext } from './objective.ts';

export const tokenClassificationOptions = z.strictObject({
  name: z.literal('token-classification'),
  ...labelKeys,
  /** All tokens of a word have its tag. */
  everyToken: z.boolean().default(false),
});

export type TokenClassificationOptions = Partial<Omit<z.output<typeof tokenClassificationOptions>, 'name'>>;

export interface TaggedText extends EncodedText {
  /** Of each token, −100 where there is none. */
  labels: readonly number[];
}

export interface TaggedBatch extends EncodedBatch {
  targets: Targets;
}

export function tokenClassification(
  { tokenizer, context, model, config = model?.config }: ObjectiveContext,
  { everyToken = false, ...options }: TokenClassificationOptions = {},
): Objective<'tagged', TaggedText, TaggedBatch> {
  const { numberOf } = labelsOf(config);
  const loss = labelLoss(options, config);
  return {
    name: 'token-classification',
    rows: 'tagged',
    tasks: ['tokenClassification'],
    weights: loss.weights,

    example({ tokens, tags }) {
      if (tokens.length !== tags.length) {
        throw new UserError('TSLM_BAD_ROW', `a row has ${tokens.length} words and ${tags.length} tags`);
      }
      const { ids, typeIds, wordIds } = tokenizer.encode(tokens, { truncation: true, maxLength: context });
      const labels = wordIds.map((word, i) => {
        const isTagged = word !== null && (everyToken || word !== wordIds[i - 1]);
        return isTagged ? numberOf(tags[word]) : IGNORE_INDEX;
      });
      return { ids, types: typeIds, labels };
    },

    lengthOf: ({ ids }) => ids.length,

    batch: (examples, device) => ({
      ...encodedBatch(examples, tokenizer, device),
      targets: targetsOf(
        examples.map(({ labels }) => labels),
        device,
      ),
    }),

    counts: ({ targets }) => loss.counts(targets.labels),

    means: (one, batch) =>
      scope(() => {
        if (batch.targets.count === 0) return {};
        const logits = one.forward(inputsOf(one, batch)).logits!;
        return loss.means(statesAt(logits, batch.targets).to('float32'), batch.targets.labels);
      }),
  };
}
