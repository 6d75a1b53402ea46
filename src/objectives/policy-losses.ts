/**
 * Policy gradients on answers that the model has sampled: GRPO (Shao et al. 2024, arXiv:2402.03300) and its relatives, and RLOO (Ahmadian
 * et al. 2024, arXiv:2402.14740). Of log-probabilities and advantages, one number.
 */
import { noGrad, type Tensor, tensor, where } from '../torch/index.ts';

export const policyLosses = ['grpo', 'bnpo', 'dr_grpo', 'dapo', 'cispo', 'sapo', 'luspo', 'vespo'] as const;
export type PolicyLoss = (typeof policyLosses)[number];

export interface PolicyOptions {
  loss: PolicyLoss;
  /** How far a ratio may fall below 1 and rise above it. `cispo`: the largest ratio is `epsilonHigh` itself. */
  epsilon?: number;
  epsilonHigh?: number;
  /** Most that a ratio may be on the other side of the clip, too. */
  delta?: number;
  /** Ratios of tokens, or one for each sequence (GSPO, Zheng et al. 2025, arXiv:2507.18071). */
  level?: 'token' | 'sequence';
  /** Weight of the divergence from the reference. */
  beta?: number;
  /** The divergence is weighted by the ratio, which makes its gradient that of the reverse KL (DeepSeek-V3.2). Default true. */
  correctsDivergence?: boolean;
  /** Only this share of the tokens, those of the highest entropy (Wang et al. 2025, arXiv:2506.01939). */
  topEntropy?: number;
  /** Bad answers that the model has moved away from by more are left out (DeepSeek-V3.2). */
  offPolicy?: number;
  /** Most tokens of an answer: what `dr_grpo` divides by. */
  maxLength?: number;
  /** Tokens of all answers of a step: what `dapo`, `cispo` and `vespo` divide by. Default those of the batch. */
  items?: number;
}

export interface PolicyScores {
  /** float32 [answers, time]: log-probabilities of the tokens */
  policy: Tensor;
  /** By the model that sampled them; default the policy itself. */
  old?: Tensor;
  /** By the model that is the reference. */
  reference?: Tensor;
  /** float32 [answers, time] */
  entropies?: Tensor;
  /** float32 [answers, time]: 1 for tokens, 0 for padding */
  mask: Tensor;
  /** float32 [answers] */
  advantages: Tensor;
}

/** Temperatures of `sapo` (Gao et al. 2025) and shapes of `vespo`, for good answers and bad ones. */
const SAPO = { good: 1, bad: 1.05 };
const VESPO = { good: { k: 2, lambda: 3 }, bad: { k: 3, lambda: 2 } };
const SMALLEST = Math.log(1e-8);

const perSequence = (values: Tensor, mask: Tensor): Tensor => values.mul(mask).sum([-1], { keepdim: true });

/** A scalar. */
export function policyLoss(scores: PolicyScores, options: PolicyOptions): Tensor {
  const { policy, mask } = scores;
  const { loss, beta = 0, level = 'token', correctsDivergence = true, maxLength = mask.size(1) } = options;
  const advantages = scores.advantages.unsqueeze(1);
  const logRatio = policy.sub(scores.old ?? policy.detach());
  const lengths = mask.sum([-1], { keepdim: true }).clamp({ min: 1 });
  const ratio = (level === 'token' ? logRatio : perSequence(logRatio, mask).div(lengths)).exp();
  let each = tokenLosses(scores, ratio, logRatio, advantages, options);
  if (options.offPolicy !== undefined) {
    const moved = perSequence(logRatio.detach().neg(), mask).div(lengths);
    each = each.mul(advantages.ge(0).logicalOr(moved.le(options.offPolicy)).to('float32'));
  }
  if (options.topEntropy !== undefined && options.topEntropy < 1) {
    each = each.mul(highest(scores.entropies!, mask, options.topEntropy));
  }
  if (beta > 0) {
    const d = scores.reference!.sub(policy);
    const divergence = d.exp().sub(d).sub(1);
    each = each.add((correctsDivergence ? divergence.mul(ratio) : divergence).mul(beta));
  }
  const masked = each.mul(mask);
  switch (loss) {
    case 'grpo':
    case 'sapo':
      return masked.sum([-1]).div(lengths.squeezeDim(1)).mean();
    case 'bnpo':
      return masked.sum().div(mask.sum().clamp({ min: 1 }));
    case 'dr_grpo':
      return masked.sum().div(masked.size(0) * maxLength);
    case 'luspo':
      return masked.sum([-1]).mean();
    default:
      return masked.sum().div(options.items ?? mask.sum().item());
  }
}

/** [answers, time] or [answers, 1] */
function tokenLosses(
  { policy, mask }: PolicyScores,
  ratio: Tensor,
  logRatio: Tensor,
  advantages: Tensor,
  { loss, epsilon = 0.2, epsilonHigh = epsilon, delta }: PolicyOptions,
): Tensor {
  const isGood = advantages.gt(0).to('float32');
  if (loss === 'cispo') return ratio.clamp({ max: epsilonHigh }).detach().mul(advantages).mul(policy).neg();
  if (loss === 'vespo') return vespoWeights(logRatio, mask, advantages).mul(advantages).mul(policy).neg();
  if (loss === 'sapo') {
    const temperature = isGood.mul(SAPO.good - SAPO.bad).add(SAPO.bad);
    const soft = ratio.sub(1).mul(temperature).sigmoid().mul(4).div(temperature);
    return soft.mul(advantages).neg();
  }
  const clipped = ratio.clamp({ min: 1 - epsilon, max: 1 + epsilonHigh });
  const own = delta === undefined ? ratio : ratio.clamp({ max: delta });
  return own.mul(advantages).minimum(clipped.mul(advantages)).neg();
}

/** φ(w) = e^λ w^k e^(−λw) of each sequence's ratio w, without gradients: [answers, 1] */
const vespoWeights = (logRatio: Tensor, mask: Tensor, advantages: Tensor): Tensor =>
  noGrad(() => {
    const log = perSequence(logRatio.clamp({ min: -20, max: 20 }), mask).clamp({ min: SMALLEST, max: 20 });
    const isGood = advantages.ge(0);
    const phi = ({ k, lambda }: { k: number; lambda: number }): Tensor =>
      log.mul(k).add(lambda).sub(log.exp().mul(lambda)).exp();
    return where(isGood, phi(VESPO.good), phi(VESPO.bad));
  });

/** 1 for the tokens of the highest entropy, as many as `share` says; the bound is interpolated as quantiles are. */
function highest(entropies: Tensor, mask: Tensor, share: number): Tensor {
  const masks = mask.toNumbers();
  const sorted = Array.from(entropies.detach().toNumbers() as ArrayLike<number>)
    .filter((_, i) => masks[i] === 1)
    .sort((a, b) => a - b);
  const at = (1 - share) * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  const bound = low + (high - low) * (at - Math.floor(at));
  return entropies.mul(mask).ge(bound).to('float32');
}

/**
 * RLOO: one ratio for a whole answer, clipped.
 *
 * @param policy float32 [answers]: log-probabilities of whole answers
 * @param old float32 [answers]
 * @param advantages float32 [answers]
 */
export function rlooLoss(
  policy: Tensor,
  old: Tensor,
  advantages: Tensor,
  { epsilon = 0.2, epsilonHigh = epsilon }: { epsilon?: number; epsilonHigh?: number } = {},
): Tensor {
  const ratio = policy.sub(old).exp();
  const clipped = ratio.clamp({ min: 1 - epsilon, max: 1 + epsilonHigh });
  return ratio.mul(advantages).minimum(clipped.mul(advantages)).neg().mean();
}

export interface AdvantageOptions {
  /** Answers to each prompt, one after another. */
  group: number;
  /** Of each reward function. Default 1. */
  weights?: readonly number[];
  /** What the difference to the group's mean is divided by: the spread of the group, of the batch, or nothing. */
  scale?: 'group' | 'batch' | 'none';
  /** Each reward function is scaled within its group before they are added. */
  normalizesFirst?: boolean;
}

/** Added to a spread, so that the division is one by a number. */
const SPREAD = 1e-4;

/**
 * Advantages of rewards: how much better an answer is than the others to its prompt.
 *
 * @param rewards of each function a number for each answer, null where it has none to say
 */
export function advantagesOf(
  rewards: readonly (readonly (number | null)[])[],
  { group, weights = rewards.map(() => 1), scale = 'group', normalizesFirst = false }: AdvantageOptions,
): number[] {
  const answers = rewards[0].length;
  const grouped = (values: readonly (number | null)[]): (number | null)[] => scaled(values, group, 'group');
  const parts = normalizesFirst ? rewards.map(grouped) : rewards;
  const totals = Array.from({ length: answers }, (_, i) => {
    const said = parts.map((values, f) => (values[i] === null ? null : values[i]! * weights[f]));
    return said.every(value => value === null) ? null : said.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  });
  const found = normalizesFirst ? scaled(totals, answers, 'group') : scaled(totals, group, scale);
  return found.map(value => value ?? 0);
}

/** Values less the mean of their group, by the spread. */
function scaled(
  values: readonly (number | null)[],
  group: number,
  by: NonNullable<AdvantageOptions['scale']>,
): (number | null)[] {
  const whole = momentsOf(values);
  return values.map((value, i) => {
    if (value === null) return null;
    const start = Math.floor(i / group) * group;
    const own = momentsOf(values.slice(start, start + group));
    const spread = by === 'none' ? 1 : (by === 'batch' ? whole : own).spread + SPREAD;
    return (value - own.mean) / spread;
  });
}

/** Mean and sample standard deviation of what is there. */
function momentsOf(values: readonly (number | null)[]): { mean: number; spread: number } {
  const known = values.filter(value => value !== null);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: known.length > 1 ? Math.sqrt(squares / (known.length - 1)) : 0 };
}

/** Advantages as a tensor, float32 [answers]. */
export const advantageTensor = (advantages: readonly number[], device: string): Tensor =>
  tensor([...advantages], { dtype: 'float32', device });
