/**
 * Several LoRA adapters of a model as one, as PEFT's `add_weighted_adapter` makes it: factors one after the other (`cat`), mixed
 * each by itself (`linear`, `ties`, `magnitude_prune`, which is not the weighted sum of what they do), or as factors of the mixed
 * change (`svd` and the like).
 */
import { Embedding, Lora } from '../../nn/index.ts';
import { usageError } from '../../support/errors.ts';
import { cat, noGrad, scope, stack, type Tensor } from '../../torch/index.ts';
import { svd } from '../../torch/linalg.ts';
import { largest } from '../merging/methods.ts';
import type { Model } from '../model.ts';
import { type AdaptedPlace, type Adapter, requireOwn } from './adapter.ts';
import { emptyAdapter, settle } from './create.ts';
import type { LoraConfig } from './methods/lora.ts';
import { placesOf } from './places.ts';

export interface CombineOptions {
  /** Default `linear`. */
  type?: 'linear' | 'ties' | 'magnitude_prune' | 'cat' | 'svd' | 'ties_svd' | 'magnitude_prune_svd';
  /** Rank of `svd` and the like. Default the largest of all. */
  rank?: number;
  /** Share of elements that is kept by `ties` and `magnitude_prune`. */
  density?: number;
  /** How `ties` elects a sign: by sums or by counts. Default `total`. */
  majoritySign?: 'total' | 'frequency';
}

/** @throws UserError when an adapter is no LoRA of this model, or ranks differ where they may not */
export function combineAdapters(
  model: Model,
  adapters: readonly Adapter[],
  weights: readonly number[],
  { type = 'linear', rank, density, majoritySign = 'total' }: CombineOptions = {},
): Adapter {
  const fail = (what: string, hint: string) =>
    usageError('TSLM_BAD_ADAPTER', `adapters cannot be combined: ${what}`, hint);
  for (const adapter of adapters) {
    requireOwn(model, adapter);
    const isPlain = adapter.replacements.length === 0 && adapter.layers.every(({ change }) => change instanceof Lora);
    if (!isPlain) throw fail('one is no plain LoRA', 'merge each into the model');
  }
  if (/ties|prune/.test(type) && density === undefined) throw fail(`'${type}' needs a density`, 'between 0 and 1');
  const configs = adapters.map(({ config }) => config as LoraConfig);
  const ranks = configs.map(({ r }) => r);
  const mixesFactors = ['linear', 'ties', 'magnitude_prune'].includes(type);
  if (mixesFactors && new Set(ranks).size > 1) throw fail(`'${type}' is for one rank`, "take 'cat' or 'svd'");
  const isSvd = type === 'svd' || type.endsWith('_svd');
  const r = type === 'cat' ? ranks.reduce((sum, one) => sum + one) : ((isSvd ? rank : undefined) ?? Math.max(...ranks));
  const names = [...new Set(adapters.flatMap(({ layers }) => layers.map(({ name }) => name)))];
  const config = {
    ...configs[0],
    r,
    lora_alpha: r,
    use_rslora: false,
    rank_pattern: {},
    alpha_pattern: {},
    target_modules: names,
  };
  const combined = emptyAdapter(model, config, placesOf(model), []);
  const rule = {
    density: density ?? 1,
    majoritySign,
    prunes: /ties|prune/.test(type),
    elects: type.startsWith('ties'),
  };
  for (const place of combined.layers) {
    const found = adapters.flatMap(({ layers }, i): [Lora, number][] => {
      const own = layers.find(({ name }) => name === place.name);
      return own ? [[own.change as Lora, weights[i]]] : [];
    });
    scope(() =>
      noGrad(() => {
        const [a, b] = type === 'cat' ? joined(found) : mixesFactors ? mixed(found, rule) : split(found, rule, r);
        fill(place, a, b);
      }),
    );
  }
  settle(combined);
  return combined;
}

interface Rule {
  density: number;
  majoritySign: 'total' | 'frequency';
  prunes: boolean;
  elects: boolean;
}

/** A [rank, in] and B [out, rank] of a layer, in float32. */
const factorsOf = ({ down, up }: Lora): [a: Tensor, b: Tensor] => {
  const a = down.weight.detach().to('float32');
  return [down instanceof Embedding ? a.t() : a, up.weight.detach().to('float32')];
};

function joined(loras: readonly [Lora, number][]): [Tensor, Tensor] {
  const parts = loras.map(([lora, weight]) => {
    const [a, b] = factorsOf(lora);
    return [a.mul(weight * lora.scale), b];
  });
  return [
    cat(
      parts.map(([a]) => a),
      0,
    ),
    cat(
      parts.map(([, b]) => b),
      1,
    ),
  ];
}

/** A and B apart, each with the root of weight and scale; the sign goes to A. */
function mixed(loras: readonly [Lora, number][], rule: Rule): [Tensor, Tensor] {
  const strengths = loras.map(([{ scale }, weight]) => weight * scale);
  const factors = loras.map(([lora]) => factorsOf(lora));
  const roots = strengths.map(strength => Math.sqrt(Math.abs(strength)));
  const signed = roots.map((root, i) => (strengths[i] < 0 ? -root : root));
  return [
    mix(
      factors.map(([a]) => a),
      signed,
      rule,
    ),
    mix(
      factors.map(([, b]) => b),
      roots,
      rule,
    ),
  ];
}

/** The mixed change itself, cut down to a rank. */
function split(loras: readonly [Lora, number][], rule: Rule, rank: number): [Tensor, Tensor] {
  const deltas = loras.map(([lora]) => {
    const [a, b] = factorsOf(lora);
    return b.matmul(a).mul(lora.scale);
  });
  const [u, s, vh] = svd(
    mix(
      deltas,
      loras.map(([, weight]) => weight),
      rule,
    ),
  );
  const kept = Math.min(rank, s.numel);
  return [vh.narrow(0, 0, kept), u.narrow(1, 0, kept).mul(s.narrow(0, 0, kept))];
}

/** Σ w·δ over what is left of each; with an election over how many agree. */
function mix(
  tensors: readonly Tensor[],
  weights: readonly number[],
  { density, majoritySign, prunes, elects }: Rule,
): Tensor {
  const kept = stack(prunes ? tensors.map(tensor => largest(tensor, density)) : [...tensors]);
  const shape = [weights.length, ...tensors[0].shape.map(() => 1)];
  const factors = stack(weights.map(weight => kept.flatten().narrow(0, 0, 1).mul(0).add(weight))).view(shape);
  const weighted = kept.mul(factors);
  if (!elects) return weighted.sum([0]);
  const votes = majoritySign === 'total' ? kept.sum([0]) : kept.sign().sum([0]);
  const majority = votes.ge(0).to('float32').mul(2).sub(1);
  const agrees = kept.sign().eq(majority).to('float32');
  return weighted
    .mul(agrees)
    .sum([0])
    .div(agrees.sum([0]).clamp({ min: 1 }));
}

/** What is left of a rank stays zero. */
function fill({ change }: AdaptedPlace, a: Tensor, b: Tensor): void {
  const { down, up } = change as Lora;
  const isTable = down instanceof Embedding;
  down.weight.zero_();
  up.weight.zero_();
  (isTable ? down.weight.t() : down.weight).narrow(0, 0, a.size(0)).copy_(a);
  up.weight.narrow(1, 0, b.size(1)).copy_(b);
}
