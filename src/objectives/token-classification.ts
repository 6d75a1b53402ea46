/**
 * A tag for each word, such as where names begin (Devlin et al. 2019, 5.3): read at the word's first token, the others do not
 * count.
 */
import { z } from 'zod';
import { CRF_FOLDER, Crf, transitionsOf, viterbi } from '../models/crf.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { UserError, usageError } from '../support/errors.ts';
import { isGradEnabled, scope, type Tensor, tensor } from '../torch/index.ts';
import { statesAt, type Targets, targetsOf } from './batches.ts';
import { type EncodedBatch, type EncodedText, encodedBatch, inputsOf } from './encodings.ts';
import { type LabelLossOptions, labelKeys, labelLoss } from './label-loss.ts';
import { labelsOf } from './labels.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';

export const tokenClassificationOptions = z.strictObject({
  name: z.literal('token-classification'),
  ...labelKeys,
  /** All tokens of a word have its tag. */
  everyToken: z.boolean().default(false),
  /** Labels are scored after each other, too, by a conditional random field (`models/crf.ts`). */
  crf: z.boolean().default(false),
});

/** Options of token classification; each is explained in docs/OBJECTIVES.md. */
export type TokenClassificationOptions = Partial<Omit<z.output<typeof tokenClassificationOptions>, 'name'>>;

export interface TaggedText extends EncodedText {
  /** Of each token, −100 where there is none. */
  labels: readonly number[];
}

export interface TaggedBatch extends EncodedBatch {
  targets: Targets;
  /** Of each text the labels of its words. */
  tags: readonly (readonly number[])[];
}

/** A tag for each word of a text, by cross-entropy or a conditional random field. */
export function tokenClassification(
  { tokenizer, context, model, config = model?.config }: ObjectiveContext,
  { everyToken = false, crf: isField = false, ...options }: TokenClassificationOptions = {},
): Objective<'tagged', TaggedText, TaggedBatch> {
  const { numberOf, count: labelCount } = labelsOf(config);
  if (isField) refuseWith(options, everyToken);
  // Where examples alone are made there is no model, and none is needed.
  const field = isField && model ? fieldOf(model, labelCount) : undefined;
  const loss = labelLoss(options, config);
  return {
    name: 'token-classification',
    rows: 'tagged',
    tasks: ['tokenClassification'],
    weights: loss.weights,
    companions: field && { [CRF_FOLDER]: field },

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
      tags: examples.map(({ labels }) => labels.filter(label => label !== IGNORE_INDEX)),
    }),

    counts: ({ targets }) => loss.counts(targets.labels),

    means: (one, batch) =>
      scope(() => {
        if (batch.targets.count === 0) return {};
        const logits = one.forward(inputsOf(one, batch)).logits!;
        const scores = statesAt(logits, batch.targets).to('float32');
        return field ? fieldMeans(field, scores, batch.tags) : loss.means(scores, batch.targets.labels);
      }),
  };
}

/** Of a model that has one already, that. */
function fieldOf(model: Model, labels: number): Crf {
  const field = new Crf(labels);
  const known = transitionsOf(model);
  if (known) field.take(known);
  field.to({ device: model.device });
  return field;
}

/** −log p of the sequences over their words and, where no gradients are recorded, the share of words whose best label is right. */
function fieldMeans(field: Crf, scores: Tensor, tags: readonly (readonly number[])[]): Means {
  const sequences = tags.filter(({ length }) => length > 0);
  const words = scores.size(0);
  const label = field.loss(scores, sequences).div(words);
  if (isGradEnabled()) return { label };
  const rows = scores.toArray() as number[][];
  const values = field.values();
  let [at, right] = [0, 0];
  for (const row of sequences) {
    const best = viterbi(rows.slice(at, at + row.length), values);
    right += row.filter((tag, t) => tag === best[t]).length;
    at += row.length;
  }
  return { label, accuracy: tensor(right / words, { dtype: 'float32' }) };
}

/** A sequence is right as a whole, and each word once in it. */
function refuseWith({ labelSmoothing = 0, classWeights, focal = 0 }: LabelLossOptions, everyToken: boolean): void {
  const given = everyToken
    ? 'everyToken'
    : labelSmoothing > 0
      ? 'labelSmoothing'
      : classWeights
        ? 'classWeights'
        : focal > 0
          ? 'focal'
          : undefined;
  if (given === undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `'objective.crf' and 'objective.${given}' are both given: a conditional random field is of whole sequences of words`,
    'leave one of them out',
  );
}
