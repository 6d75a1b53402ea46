/**
 * Losses of direct preference optimisation: of how much likelier than its reference a model holds the chosen and the rejected
 * answer of each pair, a number for each pair. Names are TRL's.
 */
import type { Tensor } from '../torch/index.ts';
import { logSigmoid } from './answers.ts';

export interface PairScores {
  /** float32 [pairs]: log-probabilities of the answers, summed over their tokens */
  chosen: Tensor;
  rejected: Tensor;
  referenceChosen: Tensor;
  referenceRejected: Tensor;
  /** float32 [pairs]: tokens of the answers */
  chosenLength: Tensor;
  rejectedLength: Tensor;
}

export interface PairLossOptions {
  beta: number;
  /** Share of the pairs that may be the wrong way round. */
  labelSmoothing: number;
  /** Of `discopop`: how sharply it goes over from one loss to the other. */
  discopopTau: number;
}

/** What the losses compare, [pairs]. */
export interface PairRatios {
  /** log π(y) − log π_ref(y) */
  chosen: Tensor;
  rejected: Tensor;
  /** The same after the divergence: reverse KL leaves it as it is. */
  chosenScore: Tensor;
  rejectedScore: Tensor;
}

export const divergences = {
  reverse_kl: (ratio: Tensor): Tensor => ratio,
  forward_kl: (ratio: Tensor): Tensor => ratio.neg().exp().neg().add(1),
  js_divergence: (ratio: Tensor): Tensor => logSigmoid(ratio).add(Math.LN2),
  /** f′(t) = (t^(α − 1) − 1) / (α − 1); the exponent is bounded, so that it stays a number. */
  alpha_divergence: (ratio: Tensor, alpha: number): Tensor =>
    Math.abs(alpha - 1) < 1e-6
      ? ratio
      : ratio
          .mul(alpha - 1)
          .clamp({ max: 80 })
          .exp()
          .sub(1)
          .div(alpha - 1),
} satisfies Record<string, (ratio: Tensor, alpha: number) => Tensor>;

type PairLoss = (ratios: PairRatios, scores: PairScores, options: PairLossOptions) => Tensor;

const difference = ({ chosenScore, rejectedScore }: PairRatios): Tensor => chosenScore.sub(rejectedScore);
const perToken = ({ chosenScore, rejectedScore }: PairRatios, scores: PairScores): Tensor =>
  chosenScore.div(scores.chosenLength).sub(rejectedScore.div(scores.rejectedLength));
const sorted = (values: Tensor): Tensor => values.sort(0)[0];
/** −(1 − ε) log σ(x) − ε log σ(−x) */
const smoothed = (x: Tensor, e: number): Tensor =>
  logSigmoid(x)
    .mul(e - 1)
    .sub(logSigmoid(x.neg()).mul(e));

export const pairLosses = {
  /** Rafailov et al. 2023, arXiv:2305.18290, equation 7. */
  sigmoid: (ratios, _, { beta }) => logSigmoid(difference(ratios).mul(beta)).neg(),
  /** Zhao et al. 2023 (SLiC), arXiv:2305.10425. */
  hinge: (ratios, _, { beta }) => difference(ratios).mul(-beta).add(1).relu(),
  /** Azar et al. 2023, arXiv:2310.12036, equation 17, of means over tokens. */
  ipo: (ratios, scores, { beta }) =>
    perToken(ratios, scores)
      .sub(1 / (2 * beta))
      .square(),
  /** Ji et al. 2024, arXiv:2402.00856, equation 16. */
  exo_pair(ratios, _, { beta, labelSmoothing: e }) {
    const x = difference(ratios).mul(beta);
    const part = (logit: Tensor, log: number): Tensor => logit.sigmoid().mul(logSigmoid(logit).sub(log));
    return part(x, Math.log1p(-e)).add(part(x.neg(), Math.log(e)));
  },
  /** Chen et al. 2024, arXiv:2402.05369. */
  nca_pair({ chosen, rejected }, _, { beta }) {
    const [one, other] = [chosen.mul(beta), rejected.mul(beta)];
    const both = logSigmoid(one.neg()).add(logSigmoid(other.neg()));
    return logSigmoid(one).add(both.mul(0.5)).neg();
  },
  /** Chowdhury et al. 2024, arXiv:2403.00409: unbiased, and so below zero at times. */
  robust(ratios, _, { beta, labelSmoothing: e }) {
    const x = difference(ratios).mul(beta);
    return logSigmoid(x)
      .mul(e - 1)
      .add(logSigmoid(x.neg()).mul(e))
      .div(1 - 2 * e);
  },
  /** Jung et al. 2024, arXiv:2404.04656, without its threshold. */
  bco_pair: ({ chosen, rejected }, _, { beta }) =>
    logSigmoid(chosen.mul(beta))
      .add(logSigmoid(rejected.mul(-beta)))
      .neg(),
  /** Wu et al. 2024, arXiv:2405.00675, where the winner wins for certain. */
  sppo_hard: ({ chosen, rejected }, _, { beta }) =>
    chosen
      .sub(0.5 / beta)
      .square()
      .add(rejected.add(0.5 / beta).square()),
  /** Melnyk et al. 2024, arXiv:2406.05882: pairs are compared in the order of their ratios within the batch. */
  aot(_, { chosen, rejected, referenceChosen, referenceRejected }, { beta, labelSmoothing }) {
    const delta = sorted(chosen.sub(rejected)).sub(sorted(referenceChosen.sub(referenceRejected)));
    return smoothed(delta.mul(beta), labelSmoothing);
  },
  aot_unpaired: ({ chosen, rejected }, _, { beta, labelSmoothing }) =>
    smoothed(sorted(chosen).sub(sorted(rejected)).mul(beta), labelSmoothing),
  /** D'Oosterlinck et al. 2024, arXiv:2408.06266, equation 7: for chosen answers that are better than the model's. */
  apo_zero: ({ chosen, rejected }, _, { beta }) =>
    chosen.mul(beta).sigmoid().neg().add(1).add(rejected.mul(beta).sigmoid()),
  /** Equation 8: for chosen answers that are worse. */
  apo_down: ({ chosen, rejected }, _, { beta }) =>
    chosen.mul(beta).sigmoid().add(1).sub(chosen.sub(rejected).mul(beta).sigmoid()),
  /** Lu et al. 2024, arXiv:2406.08414, equation 5. */
  discopop(ratios, _, { beta, discopopTau }) {
    const x = difference(ratios).mul(beta);
    const gate = x.div(discopopTau).sigmoid();
    return logSigmoid(x).mul(gate.sub(1)).add(x.neg().exp().mul(gate));
  },
  /** `sigmoid` of means over tokens. */
  sigmoid_norm: (ratios, scores, { beta }) => logSigmoid(perToken(ratios, scores).mul(beta)).neg(),
} satisfies Record<string, PairLoss>;

export type PairLossName = keyof typeof pairLosses;
export const pairLossNames = Object.keys(pairLosses) as PairLossName[];

/** Losses that read how many of the pairs may be the wrong way round. */
export const SMOOTHED: readonly PairLossName[] = ['exo_pair', 'robust', 'aot', 'aot_unpaired'];
