/**
 * Ways to make one weight of several of the same shape. All of them but `linear` and `slerp` add up what models have learnt beyond
 * a base, task vectors δ = W − W₀ (Ilharco et al. 2023, arXiv:2212.04089). Sums and defaults are mergekit's.
 */
import { ones, scope, type Tensor, withSeed, zeros } from '../../torch/index.ts';

/** A model's weight and what its entry in the configuration says of it. */
export interface Contribution {
  /** float32 */
  tensor: Tensor;
  weight: number;
  /** Share of a task vector that is kept. */
  density: number;
}

export interface MergeSettings {
  /** Divide by the sum of the weights. */
  normalize: boolean;
  /** λ: factor on the sum of task vectors. */
  lambda: number;
  /** Of what is dropped at random. */
  seed: number;
}

/** Σ w·W, over Σ w (model soups, Wortsman et al. 2022). */
export function linear(
  contributions: readonly Contribution[],
  { normalize }: Pick<MergeSettings, 'normalize'>,
): Tensor {
  return scope(() => {
    const sum = added(contributions.map(({ tensor, weight }) => tensor.mul(weight)));
    return normalize ? sum.div(contributions.reduce((total, { weight }) => total + weight, 0)) : sum;
  });
}

/** Above this cosine two weights lie in one direction, and are interpolated on a line. */
const PARALLEL = 0.9995;

/**
 * Spherical interpolation (Shoemake 1985) from a to b along the arc between their directions.
 *
 * @param t 0: a, 1: b
 */
export function slerp(t: number, a: Tensor, b: Tensor): Tensor {
  return scope(() => {
    const [x, y] = [a, b].map(tensor => tensor.to('float64'));
    const unit = (v: Tensor): Tensor => {
      const norm = v.mul(v).sum().sqrt().item();
      return norm > 1e-8 ? v.div(norm) : v;
    };
    const cosine = unit(x).mul(unit(y)).sum().item();
    const mix = (first: number, second: number): Tensor => x.mul(first).add(y.mul(second)).to(a.dtype);
    if (Math.abs(cosine) > PARALLEL) return mix(1 - t, t);
    const angle = Math.acos(cosine);
    return mix(Math.sin(angle * (1 - t)) / Math.sin(angle), Math.sin(angle * t) / Math.sin(angle));
  });
}

/** W₀ + λ Σ w·δ */
export const taskArithmetic = (base: Tensor, contributions: readonly Contribution[], settings: MergeSettings): Tensor =>
  combined(base, contributions, settings, { sparsify: delta => delta, elects: false });

/** TIES (Yadav et al. 2023, arXiv:2306.01708): the largest of each task vector, and of those the ones with the elected sign. */
export const ties = (base: Tensor, contributions: readonly Contribution[], settings: MergeSettings): Tensor =>
  combined(base, contributions, settings, { sparsify: largest, elects: true });

/** DARE (Yu et al. 2024, arXiv:2311.03099): elements dropped at random, the others larger by as much; with `ties`, signs elected. */
export const dare = (
  base: Tensor,
  contributions: readonly Contribution[],
  settings: MergeSettings,
  { ties: elects }: { ties: boolean },
): Tensor => withSeed(settings.seed, () => combined(base, contributions, settings, { sparsify: dropped, elects }));

interface Rule {
  sparsify: (delta: Tensor, density: number) => Tensor;
  elects: boolean;
}

function combined(
  base: Tensor,
  contributions: readonly Contribution[],
  { normalize, lambda }: MergeSettings,
  { sparsify, elects }: Rule,
): Tensor {
  return scope(() => {
    const weighted = contributions.map(({ tensor, weight, density }) =>
      sparsify(tensor.sub(base), density).mul(weight),
    );
    const total = contributions.reduce((sum, { weight }) => sum + weight, 0);
    if (!elects) {
      const divisor = normalize && Math.abs(total) >= 1e-8 ? total : 1;
      return base.add(added(weighted).mul(lambda / divisor));
    }
    const majority = added(weighted).ge(0).to('float32').mul(2).sub(1);
    const agrees = weighted.map(delta => delta.sign().eq(majority).to('float32'));
    const sum = added(weighted.map((delta, i) => delta.mul(agrees[i])));
    const divisor = added(agrees.map((mask, i) => mask.mul(contributions[i].weight)));
    const safe = divisor.add(divisor.eq(0).to('float32'));
    return base.add((normalize ? sum.div(safe) : sum).mul(lambda));
  });
}

/** The `density` largest elements; the others are zero. */
export function largest(delta: Tensor, density: number): Tensor {
  if (density >= 1) return delta;
  return scope(() => {
    const flat = delta.flatten();
    const [, indices] = flat.abs().topk(Math.floor(density * flat.numel));
    const mask = zeros([flat.numel]).indexCopy_(0, indices, ones([indices.numel]));
    return flat.mul(mask).view(delta.shape);
  });
}

function dropped(delta: Tensor, density: number): Tensor {
  return scope(() => delta.mul(zeros(delta.shape).bernoulli_({ p: density })).div(density));
}

const added = (tensors: readonly Tensor[]): Tensor => tensors.reduce((sum, tensor) => sum.add(tensor));
