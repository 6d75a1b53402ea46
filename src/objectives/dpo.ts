/**
 * Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290): of two answers the chosen one is to become likelier than
 * the rejected one, both as compared with the model as it began. What that one says is computed once, before the training.
 */
import { z } from 'zod';
import { usageError } from '../support/errors.ts';
import { noGrad, scope, stack, type Tensor, tensor } from '../torch/index.ts';
import {
  type Answer,
  type AnswerBatch,
  type AnswerScores,
  answerBatch,
  detached,
  halves,
  pairOf,
  rewardMetrics,
  scoreAnswers,
  sumBy,
} from './answers.ts';
import { arrangeRows } from './arrange.ts';
import { divergences, type PairLossName, type PairScores, pairLosses, pairLossNames, SMOOTHED } from './dpo-losses.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';

const lossNames = [...pairLossNames, 'sft'] as const;
type LossName = PairLossName | 'sft';

export const dpoOptions = z.strictObject({
  name: z.literal('dpo'),
  /** A loss of `dpo-losses.ts`, or several with a weight each: { sigmoid: 0.8, bco_pair: 0.2, sft: 1 }. */
  loss: z.union([z.enum(lossNames), z.partialRecord(z.enum(lossNames), z.number().positive())]).default('sigmoid'),
  /** How dear it is to leave the reference. */
  beta: z.number().positive().default(0.1),
  /** Share of the pairs that may be the wrong way round; for the losses robust, exo_pair, aot and aot_unpaired. */
  labelSmoothing: z.number().min(0).lt(0.5).optional(),
  /** Of `discopop`. */
  discopopTau: z.number().positive().default(0.05),
  /** Which distance from the reference is dear. */
  divergence: z.enum(['reverse_kl', 'forward_kl', 'js_divergence', 'alpha_divergence']).default('reverse_kl'),
  /** α of `alpha_divergence`. */
  alpha: z.number().default(0.5),
  /** Weight of tokens beyond the length of the shorter answer (LD-DPO, Liu et al. 2024, arXiv:2409.06411); default 1. */
  lengthAlpha: z.number().min(0).max(1).optional(),
  /** Pairs weigh as much as the model would give such answers (WPO, Zhou et al. 2024, arXiv:2406.11827). */
  weighted: z.boolean().default(false),
});

export type DpoOptions = Partial<Omit<z.output<typeof dpoOptions>, 'name'>>;

export interface PairExample {
  chosen: Answer;
  rejected: Answer;
  /** Log-probabilities of both by the model as it began. Without them the model is its own reference. */
  reference?: readonly number[];
}

export interface PairBatch extends AnswerBatch {
  /** float32 [2 · pairs] */
  reference: Tensor | undefined;
  /** Tokens of the chosen answers. */
  chosenTokens: number;
}

/** Labels may be wrong for the losses that ask: `exo_pair` needs some doubt. */
const DOUBT = 1e-3;

/** @throws UserError for options that none of the losses reads */
export function dpo(
  { tokenizer, context }: ObjectiveContext,
  options: DpoOptions = {},
): Objective<'preference', PairExample, PairBatch> {
  const { beta = 0.1, discopopTau = 0.05, divergence = 'reverse_kl', alpha = 0.5, lengthAlpha, weighted } = options;
  const weights = weightsOf(options.loss ?? 'sigmoid');
  const pairNames = pairLossNames.filter(name => name in weights);
  if (options.labelSmoothing && !pairNames.some(name => SMOOTHED.includes(name))) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `'objective.labelSmoothing' is read by the losses ${SMOOTHED.join(', ')} alone`,
      'leave it out, or take objective.loss: robust',
    );
  }
  const labelSmoothing = options.labelSmoothing ?? (pairNames.includes('exo_pair') ? DOUBT : 0);
  if (labelSmoothing === 0 && pairNames.includes('exo_pair')) {
    throw usageError('TSLM_BAD_VALUE', "the loss 'exo_pair' needs an objective.labelSmoothing above 0");
  }
  const own = { beta, labelSmoothing, discopopTau };
  const sums = (scored: AnswerScores, batch: AnswerBatch): Tensor =>
    lengthAlpha === undefined ? scored.sums : sumsByLength(scored, batch, lengthAlpha);

  return {
    name: 'dpo',
    rows: 'preference',
    tasks: ['causalLM'],
    weights: { ...(pairNames.length > 0 && { preference: 1 }), ...('sft' in weights && { words: weights.sft }) },

    example: row => exampleOf(pairOf(tokenizer, row, context)),
    arrange: (rows, { skipBad = false } = {}) =>
      arrangeRows(rows, skipBad, row => exampleOf(pairOf(tokenizer, row, context))),
    lengthOf: ({ chosen, rejected }) => chosen.ids.length + rejected.ids.length,
    batch: (examples, device) => pairBatch(examples, tokenizer.padTokenId ?? 0, device),

    reference: {
      of: (model, batch) => scope(() => noGrad(() => stack(halves(sums(scoreAnswers(model, batch), batch)), 1))),
      with: (example, reference) => ({ ...example, reference }),
    },

    warning: fallingChosen,

    counts({ rows, chosenTokens }) {
      const pairs = rows / 2;
      const measured = [
        ...(pairNames.length > 0 ? ['preference'] : []),
        'chosenReward',
        'rejectedReward',
        'margin',
        'accuracy',
        'chosenLogProb',
      ];
      const counts = Object.fromEntries([...measured, 'chosenChange'].map(term => [term, pairs]));
      return 'sft' in weights ? { ...counts, words: chosenTokens } : counts;
    },

    means: (model, batch) =>
      scope((): Means => {
        const scored = scoreAnswers(model, batch);
        const policy = sums(scored, batch);
        const [chosen, rejected] = halves(policy);
        const [referenceChosen, referenceRejected] = halves(batch.reference ?? policy.detach());
        const [chosenLength, rejectedLength] = halves(batch.lengths);
        const pair: PairScores = { chosen, rejected, referenceChosen, referenceRejected, chosenLength, rejectedLength };
        const raw = { chosen: chosen.sub(referenceChosen), rejected: rejected.sub(referenceRejected) };
        const f = (ratio: Tensor): Tensor => divergences[divergence](ratio, alpha);
        const ratios = { ...raw, chosenScore: f(raw.chosen), rejectedScore: f(raw.rejected) };
        const each = pairNames.map(name => pairLosses[name](ratios, pair, own).mul(weights[name]!));
        const total = each.length > 0 ? each.reduce((a, b) => a.add(b)) : undefined;
        return {
          ...(total && { preference: (weighted ? total.mul(pairWeights(scored, batch)) : total).mean() }),
          ...('sft' in weights && { words: scored.tokens.narrow(0, 0, batch.chosenTokens).mean().neg() }),
          ...rewardMetrics(raw.chosen.mul(beta), raw.rejected.mul(beta)),
          ...detached({ chosenLogProb: chosen.mean(), chosenChange: raw.chosen.mean() }),
        };
      }),
  };
}

const weightsOf = (loss: LossName | Partial<Record<LossName, number>>): Partial<Record<LossName, number>> =>
  typeof loss === 'string' ? { [loss]: 1 } : loss;

const exampleOf = ([chosen, rejected]: [Answer, Answer]): PairExample => ({ chosen, rejected });

export function pairBatch(examples: readonly PairExample[], pad: number, device: string): PairBatch {
  const answers = [...examples.map(({ chosen }) => chosen), ...examples.map(({ rejected }) => rejected)];
  const known = examples.every(({ reference }) => reference !== undefined);
  const values = [0, 1].flatMap(side => examples.map(({ reference }) => reference?.[side] ?? 0));
  return {
    ...answerBatch(answers, pad, device),
    reference: known ? tensor(values, { dtype: 'float32', device }) : undefined,
    chosenTokens: examples.reduce((sum, { chosen: { ids, prompt } }) => sum + ids.length - Math.max(1, prompt), 0),
  };
}

/** What is longer than the other answer weighs α. */
function sumsByLength(scored: AnswerScores, { owners, lengths, rows }: AnswerBatch, alpha: number): Tensor {
  const counts = lengths.toNumbers();
  const pairs = rows / 2;
  const weights = Array.from(counts, (count, row) => {
    const shared = Math.min(count, counts[(row + pairs) % rows]);
    return Array.from({ length: count }, (_, t) => (t < shared ? 1 : alpha));
  }).flat();
  const factor = tensor(weights, { dtype: 'float32', device: owners.device });
  return sumBy(scored.tokens.mul(factor), owners, rows);
}

/** How much the model would give such answers, as a share of what it is surest of: [pairs], without gradients. */
function pairWeights({ tokens, scores }: AnswerScores, { owners, lengths, rows }: AnswerBatch): Tensor {
  return noGrad(() => {
    const surest = scores
      .mul(2)
      .logsumexp([-1])
      .sub(scores.logsumexp([-1]).mul(2));
    const means = sumBy(tokens.detach().sub(surest), owners, rows).div(lengths);
    const [chosen, rejected] = halves(means.exp());
    return chosen.mul(rejected);
  });
}

/** What a person is to be told when the chosen answers become less likely, although they are preferred. */
export function fallingChosen(estimates: Readonly<Record<string, { value: number }>>): string | undefined {
  const { chosenChange, chosenLogProb } = estimates;
  if (chosenChange === undefined || chosenLogProb === undefined) return undefined;
  const before = chosenLogProb.value - chosenChange.value;
  const fall = chosenChange.value / before;
  if (!(fall > FALL)) return undefined;
  return (
    `the chosen answers themselves have become less likely (log-probability ${before.toFixed(1)} at first, ` +
    `${chosenLogProb.value.toFixed(1)} now): add the loss sft (objective.loss={sigmoid: 1, sft: 1}), a smaller learning rate or a larger beta`
  );
}

const FALL = 0.2;
