/**
 * Learning from one's own right answers (STaR, Zelikman et al. 2022, arXiv:2203.14465; rejection sampling fine-tuning): to each
 * prompt the model writes some answers, chains of thought included, and those that are worth enough become likelier. STaR trains
 * anew from the first model in each round; here each step's answers are of the model as it is then (expert iteration).
 */
import { z } from 'zod';
import { scope, type Tensor, zeros } from '../torch/index.ts';
import { explorationKeys, type PromptExample } from './exploration.ts';
import { explorationOf, lengthOfExample } from './explore.ts';
import {
  type JudgedBatch,
  judgedBatch,
  loggedMetrics,
  measuredCounts,
  measuredMeans,
  tokenLogProbs,
} from './judged-batch.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { promptExamples } from './prompt-examples.ts';

const { rewards, numGenerations, maxNewTokens, temperature, timeLimit } = explorationKeys;

export const starOptions = z.strictObject({
  name: z.literal('star'),
  rewards,
  numGenerations,
  maxNewTokens,
  temperature,
  timeLimit,
  /** What an answer must be worth to be learnt. */
  threshold: z.number().default(1),
  /** Most answers to a prompt that are learnt, so that easy prompts do not outweigh hard ones. */
  keep: z.int().positive().default(1),
});

export type StarOptions = Omit<z.output<typeof starOptions>, 'name'>;

export function star(
  { tokenizer, context }: Pick<ObjectiveContext, 'tokenizer' | 'context'>,
  options: StarOptions,
): Objective<'prompt', PromptExample, JudgedBatch> {
  const pad = tokenizer.padTokenId ?? 0;
  const { threshold, keep } = options;
  return {
    name: 'star',
    rows: 'prompt',
    tasks: ['causalLM'],
    weights: { answers: 1 },
    ...promptExamples({ tokenizer, context }, options),
    explores: explorationOf(
      { ...options, numIterations: 1, epsilon: 0.2, beta: 0 },
      {
        pad,
        needs: { old: false, reference: false },
        advantages: totals => rightOnes(totals, { group: options.numGenerations, threshold, keep }),
      },
    ),
    logged: loggedMetrics(options.rewards, ['kept']),
    lengthOf: lengthOfExample,
    batch: (examples, device) => judgedBatch(examples, pad, device),
    counts: batch => ({
      answers: batch.advantages ? tokensKept(batch) : batch.rows,
      ...measuredCounts(batch, options.rewards),
      ...(batch.advantages && { kept: batch.rows }),
    }),
    means: (model, batch) =>
      scope((): Means => {
        if (batch.rows === 0) return {};
        const metrics = measuredMeans(batch, options.rewards);
        // Of what is held out the rewards are all that counts.
        if (!batch.advantages) return { answers: (metrics.reward ?? zeros([])).neg(), ...metrics };
        const kept = batch.advantages.mean();
        const tokens = tokensKept(batch);
        if (tokens === 0) return { ...metrics, kept };
        return { answers: keptLoss(tokenLogProbs(model, batch, 1), batch).div(tokens), ...metrics, kept };
      }),
  };
}

/** Σ −log p of the tokens of answers that are kept. */
const keptLoss = (logProbs: Tensor, { advantages, owners }: JudgedBatch): Tensor =>
  logProbs.mul(advantages!.indexSelect(0, owners)).sum().neg();

const tokensKept = ({ answers }: JudgedBatch): number =>
  answers.reduce((sum, { advantage, ids, prompt }) => sum + advantage! * (ids.length - prompt), 0);

/** 1 for the first `keep` answers of each group that are worth `threshold`, 0 for the others. */
export function rightOnes(
  totals: readonly (number | null)[],
  { group, threshold, keep }: { group: number; threshold: number; keep: number },
): number[] {
  let kept = 0;
  return totals.map((total, i) => {
    if (i % group === 0) kept = 0;
    if (total === null || total < threshold || kept === keep) return 0;
    kept++;
    return 1;
  });
}
