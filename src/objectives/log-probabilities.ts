/** What a language model gives the tokens that count: their log-probabilities one by one, and losses made of these. */
import type { LMHead } from '../models/heads/lm.ts';
import type { MaskedLMHead } from '../models/heads/masked-lm.ts';
import { isGradEnabled, recompute, type Tensor } from '../torch/index.ts';
import { shareRight, statesAt, type Targets } from './batches.ts';
import type { Means } from './objective.ts';

type WordHead = LMHead | MaskedLMHead;

/**
 * float32 [n]
 *
 * @param scores [n, vocab]
 * @param labels int64 [n]
 */
export const logProbabilities = (scores: Tensor, labels: Tensor): Tensor =>
  scores.to('float32').logSoftmax(-1).gather(1, labels.unsqueeze(1)).squeezeDim(1);

/** Entropy of each row's distribution, float32 [n] */
export function entropies(scores: Tensor): Tensor {
  const logs = scores.to('float32').logSoftmax(-1);
  return logs.exp().mul(logs).sum([-1]).neg();
}

/**
 * Mean −log p, each token's weighted by its own probability, through which no gradient flows (dynamic fine-tuning, Wu et al.
 * 2025, arXiv:2508.05629).
 *
 * @param states [batch, time, hidden]
 */
export function dynamicMeans(head: WordHead, states: Tensor, targets: Targets): Means {
  if (targets.count === 0) return {};
  const scores = head.scores(statesAt(states, targets));
  const logs = logProbabilities(scores, targets.labels);
  const words = logs.neg().mul(logs.detach().exp()).mean();
  return isGradEnabled() ? { words } : { words, accuracy: shareRight(scores, targets.labels) };
}

/**
 * Mean −log p, a chunk of tokens at a time: scores of one chunk are in memory, and computed again for the gradient (Chen et al. 2016).
 *
 * @param states [batch, time, hidden]
 */
export function chunkedMeans(head: WordHead, states: Tensor, targets: Targets, chunk: number): Means {
  const { count, labels } = targets;
  const x = statesAt(states, targets);
  const tied = head.tied;
  const parameters = [...head.parameters(), ...(tied ? [tied.weight] : [])];
  const sums = Array.from({ length: Math.ceil(count / chunk) }, (_, i) => {
    const length = Math.min(chunk, count - i * chunk);
    const part = { x: x.narrow(0, i * chunk, length), labels: labels.narrow(0, i * chunk, length) };
    return recompute(given => head.loss(given.x, given.labels).mul(length), part, { parameters });
  });
  return { words: sums.reduce((a, b) => a.add(b)).div(count) };
}
