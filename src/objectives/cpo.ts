/**
 * Contrastive preference optimisation (Xu et al. 2024, arXiv:2401.08417) and SimPO (Meng et al. 2024, arXiv:2405.14734): the chosen
 * answer is to be likelier than the rejected one, without a reference; in SimPO per token and by a margin.
 */
import { z } from 'zod';
import { usageError } from '../support/errors.ts';
import { scope, type Tensor } from '../torch/index.ts';
import { detached, halves, logSigmoid, rewardMetrics, scoreAnswers } from './answers.ts';
import { type PairBatch, type PairExample, pairBatch } from './dpo.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { pairExamples } from './reference-free.ts';

export const cpoOptions = z.strictObject({
  name: z.literal('cpo'),
  /** `simpo` and `ipo` compare means over tokens, the others sums. */
  loss: z.enum(['sigmoid', 'hinge', 'ipo', 'simpo']).default('sigmoid'),
  beta: z.number().positive().default(0.1),
  /** Share of the pairs that may be the wrong way round; for `sigmoid` and `simpo`. */
  labelSmoothing: z.number().min(0).lt(0.5).default(0),
  /** Weight of the likelihood of the chosen answers; SimPO has 0. */
  likelihood: z.number().min(0).default(1),
  /** The margin of `simpo`, as a share of which β is the scale. Default 0.5. */
  gamma: z.number().min(0).optional(),
  /** Shape of the reward (AlphaPO, Gupta et al. 2025, arXiv:2501.03884), for means over tokens; 0: the log-probability. */
  alpha: z.number().default(0),
});

export type CpoOptions = Partial<Omit<z.output<typeof cpoOptions>, 'name'>>;

/** @throws UserError for options that the loss does not read */
export function cpo(
  { tokenizer, context }: ObjectiveContext,
  { loss = 'sigmoid', beta = 0.1, labelSmoothing: e = 0, likelihood = 1, gamma, alpha = 0 }: CpoOptions = {},
): Objective<'preference', PairExample, PairBatch> {
  if (gamma !== undefined && loss !== 'simpo') throw unread('gamma', 'simpo');
  if (alpha !== 0 && loss !== 'simpo') throw unread('alpha', 'simpo');
  if (e > 0 && loss !== 'simpo' && loss !== 'sigmoid') throw unread('labelSmoothing', 'sigmoid');
  const isPerToken = loss === 'simpo' || loss === 'ipo';
  const shaped = (log: Tensor): Tensor => (alpha === 0 ? log : log.mul(-alpha).exp().neg().add(1).div(alpha));
  const smooth = (x: Tensor): Tensor =>
    logSigmoid(x)
      .mul(e - 1)
      .sub(logSigmoid(x.neg()).mul(e));
  const lossOf = (difference: Tensor): Tensor => {
    if (loss === 'hinge') return difference.mul(-beta).add(1).relu();
    if (loss === 'ipo') return difference.sub(1 / (2 * beta)).square();
    return smooth(difference.mul(beta).sub(loss === 'simpo' ? (gamma ?? 0.5) : 0));
  };
  return {
    name: 'cpo',
    ...pairExamples(tokenizer, context),
    tasks: ['causalLM'],
    weights: { preference: 1, ...(likelihood > 0 && { words: likelihood }) },
    batch: (examples, device) => pairBatch(examples, tokenizer.padTokenId ?? 0, device),
    counts: ({ rows, chosenTokens }) => ({
      ...Object.fromEntries(
        ['preference', 'chosenReward', 'rejectedReward', 'margin', 'accuracy', 'chosenLogProb'].map(term => [
          term,
          rows / 2,
        ]),
      ),
      words: chosenTokens,
    }),
    means: (model, batch) =>
      scope((): Means => {
        const { tokens, sums } = scoreAnswers(model, batch);
        const [chosen, rejected] = halves(isPerToken ? sums.div(batch.lengths) : sums);
        const [one, other] = [shaped(chosen), shaped(rejected)];
        return {
          preference: lossOf(one.sub(other)).mean(),
          words: tokens.narrow(0, 0, batch.chosenTokens).mean().neg(),
          ...rewardMetrics(one.detach().mul(beta), other.detach().mul(beta)),
          ...detached({ chosenLogProb: chosen.mean() }),
        };
      }),
  };
}

const unread = (option: string, loss: string): Error =>
  usageError(
    'TSLM_CONTRADICTION',
    `'objective.${option}' is not read by this loss`,
    `leave it out, or take objective.loss: ${loss}`,
  );
