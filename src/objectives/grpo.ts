/**
 * Group relative policy optimisation (Shao et al. 2024, arXiv:2402.03300): to each prompt the model writes a group of answers, and
 * those become likelier that are better than the group's mean. Divided by tokens, not by answers (DAPO, Yu et al. 2025,
 * arXiv:2503.14476), and not by the spread of rewards (Dr. GRPO, Liu et al. 2025, arXiv:2503.20783).
 */
import { z } from 'zod';
import { onesLike, scope, zeros } from '../torch/index.ts';
import { explorationKeys, type PromptExample } from './exploration.ts';
import { clippedShare, explorationOf, klOf, lengthOfExample } from './explore.ts';
import {
  type JudgedBatch,
  judgedBatch,
  laidOut,
  loggedMetrics,
  measuredCounts,
  measuredMeans,
  tokenLogProbs,
} from './judged-batch.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { advantagesOf, policyLoss } from './policy-losses.ts';
import { promptExamples } from './prompt-examples.ts';

/** Losses of `policy-losses.ts` that need nothing but advantages and ratios. */
const lossNames = ['dapo', 'grpo', 'dr_grpo', 'cispo', 'sapo'] as const;
/** Those whose sums are divided by tokens. */
const BY_TOKENS: readonly string[] = ['dapo', 'cispo'];

export const grpoOptions = z.strictObject({
  name: z.literal('grpo'),
  ...explorationKeys,
  /** What sums are divided by, and how ratios are bounded: `policy-losses.ts`. */
  loss: z.enum(lossNames).default('dapo'),
  /** What the difference to the group's mean is divided by: nothing, or the spread of the group or of the batch. */
  scaleRewards: z.enum(['none', 'group', 'batch']).default('none'),
  /** Ratios of tokens, or one for each answer (GSPO). */
  importanceSampling: z.enum(['token', 'sequence']).default('token'),
});

export type GrpoOptions = Omit<z.output<typeof grpoOptions>, 'name'>;

export function grpo(
  { tokenizer, context }: Pick<ObjectiveContext, 'tokenizer' | 'context'>,
  options: GrpoOptions,
): Objective<'prompt', PromptExample, JudgedBatch> {
  const { rewards, loss, scaleRewards, importanceSampling: level, beta, epsilon, temperature, maxNewTokens } = options;
  // CISPO bounds the ratio itself from above.
  const epsilonHigh = options.epsilonHigh ?? (loss === 'cispo' ? 1 + epsilon : epsilon);
  const pad = tokenizer.padTokenId ?? 0;
  const isRepeated = options.numIterations > 1;
  const countOf = ({ rows, targets: { count }, advantages }: JudgedBatch): number =>
    advantages && BY_TOKENS.includes(loss) ? count : rows;
  return {
    name: 'grpo',
    rows: 'prompt',
    tasks: ['causalLM'],
    weights: { policy: 1 },
    ...promptExamples({ tokenizer, context }, options),
    explores: explorationOf(options, {
      pad,
      needs: { old: isRepeated, reference: beta > 0 },
      advantages: totals => advantagesOf([totals], { group: options.numGenerations, scale: scaleRewards }),
    }),
    logged: loggedMetrics(rewards, [...(beta > 0 ? ['kl'] : []), ...(isRepeated ? ['clipped'] : [])]),
    lengthOf: lengthOfExample,
    batch: (examples, device) => judgedBatch(examples, pad, device),
    counts: batch => ({
      policy: countOf(batch),
      ...measuredCounts(batch, rewards),
      ...(batch.advantages && beta > 0 && { kl: batch.targets.count }),
      ...(batch.advantages && isRepeated && { clipped: batch.targets.count }),
    }),
    means: (model, batch) =>
      scope((): Means => {
        if (batch.rows === 0) return {};
        const metrics = measuredMeans(batch, rewards);
        // Of what is held out the rewards are all that counts.
        if (!batch.advantages) return { policy: (metrics.reward ?? zeros([])).neg(), ...metrics };
        const tokens = tokenLogProbs(model, batch, temperature);
        const mask = laidOut(onesLike(tokens.detach()), batch);
        const scores = {
          policy: laidOut(tokens, batch),
          old: batch.old && laidOut(batch.old, batch),
          reference: batch.reference && laidOut(batch.reference, batch),
          mask,
          advantages: batch.advantages,
        };
        return {
          policy: policyLoss(scores, { loss, epsilon, epsilonHigh, level, beta, maxLength: maxNewTokens }),
          ...metrics,
          ...(batch.reference && { kl: klOf(tokens.detach(), batch.reference) }),
          ...(batch.old && { clipped: clippedShare(tokens.detach().sub(batch.old), { epsilon, epsilonHigh }) }),
        };
      }),
  };
}
