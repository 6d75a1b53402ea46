/**
 * A reward model (Ouyang et al. 2022, arXiv:2203.02155, 3.5; Bradley & Terry 1952): a number for a conversation, larger for the
 * chosen answer than for the rejected one. It is read at the last token.
 */
import { z } from 'zod';
import type { LastTokenClassificationHead } from '../models/heads/last-token-classification.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { scope, type Tensor, tensor } from '../torch/index.ts';
import { type Answer, detached, halves, logSigmoid, pairOf } from './answers.ts';
import { arrangeRows } from './arrange.ts';
import { attentionMaskOf, int64Of, longest, padRows } from './batches.ts';
import { labelsOf } from './labels.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';

export const rewardOptions = z.strictObject({
  name: z.literal('reward'),
  /** Weight of the square of both rewards' sum, which keeps them around zero (Eisenstein et al. 2023, arXiv:2312.09244). */
  centre: z.number().min(0).default(0),
});

export type RewardOptions = Partial<Omit<z.output<typeof rewardOptions>, 'name'>>;

export interface RatedPair {
  chosen: Answer;
  rejected: Answer;
  /** How much better the chosen answer is. */
  margin: number;
}

export interface RatedBatch {
  /** int64 [2 · pairs, time], the chosen ones first */
  inputIds: Tensor;
  attentionMask: Tensor | undefined;
  /** int64 [2 · pairs]: row · time + position of each last token */
  ends: Tensor;
  /** float32 [pairs] */
  margins: Tensor;
  pairs: number;
}

/** @throws UserError when the model gives more than one number */
export function reward(
  { tokenizer, context, model }: ObjectiveContext,
  { centre = 0 }: RewardOptions = {},
): Objective<'preference', RatedPair, RatedBatch> {
  if (model?.task === 'sequenceClassification' && labelsOf(model.config).count !== 1) {
    throw usageError(
      'TSLM_NO_LABEL',
      `a reward is one number, and the model has ${labelsOf(model.config).count} labels`,
      'name one: model.labels=[reward]',
    );
  }
  // Whoever reads several texts at once must know where each ends.
  if (model && tokenizer.padTokenId !== undefined) model.config.pad_token_id ??= tokenizer.padTokenId;
  const example: Objective<'preference', RatedPair, RatedBatch>['example'] = row => {
    const [chosen, rejected] = pairOf(tokenizer, row, context);
    return { chosen, rejected, margin: row.margin ?? 0 };
  };
  return {
    name: 'reward',
    rows: 'preference',
    tasks: ['sequenceClassification'],
    weights: { preference: 1, ...(centre > 0 && { centre }) },
    example,
    arrange: (rows, { skipBad = false } = {}) => arrangeRows(rows, skipBad, row => example(row, undefined as never)),
    lengthOf: ({ chosen, rejected }) => chosen.ids.length + rejected.ids.length,
    batch(examples, device) {
      const rows = [...examples.map(one => one.chosen.ids), ...examples.map(one => one.rejected.ids)];
      return {
        inputIds: padRows(rows, tokenizer.padTokenId ?? 0, device),
        attentionMask: attentionMaskOf(rows, device),
        ends: int64Of(
          rows.map(({ length }, i) => i * longest(rows) + length - 1),
          device,
        ),
        margins: tensor(
          examples.map(({ margin }) => margin),
          { dtype: 'float32', device },
        ),
        pairs: examples.length,
      };
    },
    counts: ({ pairs }) => ({
      preference: pairs,
      ...(centre > 0 && { centre: pairs }),
      margin: pairs,
      accuracy: pairs,
      reward: pairs,
    }),
    means: (one, batch) =>
      scope((): Means => {
        const [chosen, rejected] = halves(rewardsOf(one, batch));
        const margin = chosen.sub(rejected);
        return {
          preference: logSigmoid(margin.sub(batch.margins)).mean().neg(),
          ...(centre > 0 && { centre: chosen.add(rejected).square().mean() }),
          ...detached({
            margin: margin.mean(),
            accuracy: margin.gt(0).to('float32').mean(),
            reward: chosen.add(rejected).mean().div(2),
          }),
        };
      }),
  };
}

/** float32 [2 · pairs]: read where each sequence ends, whatever it is padded with. */
export function rewardsOf(model: Model, { inputIds, attentionMask, ends }: RatedBatch): Tensor {
  const { lastHiddenState } = model.backbone.forward({ inputIds, attentionMask });
  const states = lastHiddenState.reshape([-1, lastHiddenState.size(-1)]).indexSelect(0, ends);
  return (model.head as LastTokenClassificationHead).score.forward(states).to('float32').squeezeDim(1);
}
