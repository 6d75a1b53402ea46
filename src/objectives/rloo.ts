/**
 * REINFORCE leave-one-out (Ahmadian et al. 2024, arXiv:2402.14740): an answer is compared with the mean of the others to its
 * prompt, and is one action: the ratio is that of whole answers. Leaving the model as it began costs rewards.
 */
import { z } from 'zod';
import { scope, zeros } from '../torch/index.ts';
import { sumBy } from './answers.ts';
import { explorationKeys, type PromptExample } from './exploration.ts';
import { clippedShare, explorationOf, klOf, lengthOfExample } from './explore.ts';
import {
  type JudgedBatch,
  judgedBatch,
  loggedMetrics,
  measuredCounts,
  measuredMeans,
  tokenLogProbs,
} from './judged-batch.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { rlooLoss } from './policy-losses.ts';
import { promptExamples } from './prompt-examples.ts';

export const rlooOptions = z.strictObject({
  name: z.literal('rloo'),
  ...explorationKeys,
  numGenerations: z.int().min(2).default(2),
});

export type RlooOptions = Omit<z.output<typeof rlooOptions>, 'name'>;

export function rloo(
  { tokenizer, context }: Pick<ObjectiveContext, 'tokenizer' | 'context'>,
  options: RlooOptions,
): Objective<'prompt', PromptExample, JudgedBatch> {
  const { rewards, beta, epsilon, epsilonHigh = epsilon, temperature, numGenerations } = options;
  const pad = tokenizer.padTokenId ?? 0;
  const isRepeated = options.numIterations > 1;
  return {
    name: 'rloo',
    rows: 'prompt',
    tasks: ['causalLM'],
    weights: { policy: 1 },
    ...promptExamples({ tokenizer, context }, options),
    explores: explorationOf(options, {
      pad,
      needs: { old: isRepeated || beta > 0, reference: beta > 0 },
      advantages: totals => leaveOneOut(totals, numGenerations),
      penalty: ({ old, reference }) =>
        reference === undefined ? 0 : beta * Array.from(old!, (value, t) => value - reference[t]).reduce(add, 0),
    }),
    logged: loggedMetrics(rewards, [...(beta > 0 ? ['kl'] : []), ...(isRepeated ? ['clipped'] : [])]),
    lengthOf: lengthOfExample,
    batch: (examples, device) => judgedBatch(examples, pad, device),
    counts: batch => ({
      policy: batch.rows,
      ...measuredCounts(batch, rewards),
      ...(batch.advantages && beta > 0 && { kl: batch.targets.count }),
      ...(batch.advantages && isRepeated && { clipped: batch.rows }),
    }),
    means: (model, batch) =>
      scope((): Means => {
        if (batch.rows === 0) return {};
        const metrics = measuredMeans(batch, rewards);
        if (!batch.advantages) return { policy: (metrics.reward ?? zeros([])).neg(), ...metrics };
        const tokens = tokenLogProbs(model, batch, temperature);
        const whole = sumBy(tokens, batch.owners, batch.rows);
        // The first update is made by the model that wrote the answers, whatever rounding says.
        const old = isRepeated ? sumBy(batch.old!, batch.owners, batch.rows) : whole.detach();
        return {
          policy: rlooLoss(whole, old, batch.advantages, { epsilon, epsilonHigh }),
          ...metrics,
          ...(batch.reference && { kl: klOf(tokens.detach(), batch.reference) }),
          ...(isRepeated && { clipped: clippedShare(whole.detach().sub(old), { epsilon, epsilonHigh }) }),
        };
      }),
  };
}

const add = (a: number, b: number): number => a + b;

/** A reward less the mean of the others of its group; 0 where there is no other, or nothing is said. */
export function leaveOneOut(totals: readonly (number | null)[], group: number): number[] {
  return totals.map((value, i) => {
    const start = Math.floor(i / group) * group;
    const others = totals.slice(start, start + group).filter((other, j) => start + j !== i && other !== null);
    if (value === null || others.length === 0) return 0;
    return value - (others as number[]).reduce(add, 0) / others.length;
  });
}
