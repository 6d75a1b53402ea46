/**
 * Odds ratio preference optimisation (Hong et al. 2024, arXiv:2403.07691): the chosen text is learnt, and its odds against the
 * rejected one besides. There is no reference.
 */
import { z } from 'zod';
import { scope, type Tensor } from '../torch/index.ts';
import { detached, halves, logSigmoid, rewardMetrics } from './answers.ts';
import type { PairExample } from './dpo.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { pairExamples, scoreWhole, type WholeBatch, wholeBatch } from './reference-free.ts';

export const orpoOptions = z.strictObject({
  name: z.literal('orpo'),
  /** Weight of the odds ratio. */
  beta: z.number().positive().default(0.1),
});

export type OrpoOptions = Partial<Omit<z.output<typeof orpoOptions>, 'name'>>;

export const orpo = (
  { tokenizer, context }: ObjectiveContext,
  { beta = 0.1 }: OrpoOptions = {},
): Objective<'preference', PairExample, WholeBatch> => ({
  name: 'orpo',
  ...pairExamples(tokenizer, context),
  tasks: ['causalLM'],
  weights: { words: 1, odds: beta },
  batch: (examples, device) => wholeBatch(examples, tokenizer.padTokenId ?? 0, device),
  counts: ({ rows, whole }) => ({
    words: whole.count,
    ...Object.fromEntries(
      ['odds', 'chosenReward', 'rejectedReward', 'margin', 'accuracy', 'chosenLogProb'].map(term => [term, rows / 2]),
    ),
  }),
  means: (model, batch) =>
    scope((): Means => {
      const { sums, words } = scoreWhole(model, batch);
      const [chosen, rejected] = halves(sums.div(batch.lengths));
      const odds = chosen.sub(rejected).sub(logOfRest(chosen).sub(logOfRest(rejected)));
      return {
        words,
        odds: logSigmoid(odds).mean().neg(),
        ...rewardMetrics(chosen.detach().mul(beta), rejected.detach().mul(beta)),
        ...detached({ chosenLogProb: chosen.mean() }),
      };
    }),
});

/** log(1 − p) of log p */
const logOfRest = (log: Tensor): Tensor => log.expm1().neg().log();
