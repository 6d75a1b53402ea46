/** What becomes of answers once their rewards are known, and what is said of them beside the loss. */
import { noGrad, scope, type Tensor } from '../torch/index.ts';
import { answerBatch } from './answers.ts';
import type { Exploration, ExplorationOptions, PromptExample } from './exploration.ts';
import { tokenLogProbs, totalReward } from './judged-batch.ts';

interface Judging extends Pick<Exploration, 'needs'> {
  /** Of the padding token. */
  pad: number;
  /** Of rewards of answers, those to a prompt together: how much better each is than the others. */
  advantages(totals: readonly (number | null)[]): number[];
  /** What is taken off an answer's reward. Default nothing. */
  penalty?(answer: { old?: ArrayLike<number>; reference?: ArrayLike<number> }): number;
}

export function explorationOf(
  options: ExplorationOptions,
  { pad, needs, advantages, penalty = () => 0 }: Judging,
): Exploration<PromptExample> {
  const rewarded: Exploration['rewarded'] = (examples, written) =>
    examples.map((example, i) => ({
      ...example,
      answers: written[i].map(answer => ({ ...answer, reward: totalReward(answer.rewards, options.rewards) })),
    }));
  return {
    options,
    needs,
    logProbs: (model, answers, device) =>
      scope(() => tokenLogProbs(model, answerBatch(answers, pad, device), options.temperature)),
    rewarded,
    judged(examples, written) {
      const found = rewarded(examples, written);
      const totals = found.flatMap(({ answers }) =>
        answers!.map(answer => (answer.reward === null ? null : answer.reward - penalty(answer))),
      );
      const better = advantages(totals);
      let at = 0;
      return found.map(example => ({
        ...example,
        answers: example.answers!.map(answer => ({ ...answer, advantage: better[at++] })),
      }));
    },
  };
}

/** Tokens of a prompt, or of it with all of its answers. */
export const lengthOfExample = ({ ids, answers }: PromptExample): number =>
  answers === undefined ? ids.length : answers.reduce((sum, answer) => sum + answer.ids.length, 0);

/**
 * An estimate of the divergence from the reference that is never below 0 (Schulman's k3): e^d − d − 1 of the difference d.
 *
 * @param policy float32 [n]
 * @param reference float32 [n]
 */
export function klOf(policy: Tensor, reference: Tensor): Tensor {
  const d = reference.sub(policy);
  return d.exp().sub(d).sub(1).mean();
}

/** The share of ratios that are out of bounds. */
export const clippedShare = (
  logRatio: Tensor,
  { epsilon, epsilonHigh }: { epsilon: number; epsilonHigh: number },
): Tensor =>
  noGrad(() => {
    const ratio = logRatio.exp();
    return ratio
      .lt(1 - epsilon)
      .logicalOr(ratio.gt(1 + epsilonHigh))
      .to('float32')
      .mean();
  });
