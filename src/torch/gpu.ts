/**
 * What libtorch itself has fused for GPUs: attention without a matrix of scores in memory (Dao et al. 2022, by
 * `scaled_dot_product_attention`) and AdamW over all parameters in a few kernels.
 */
import { isGradEnabled } from './autograd.ts';
import { call } from './call.ts';
import type { AdamWUpdate } from './kernels.ts';
import { hasOperator, operator } from './operator.ts';
import { arange, full } from './ops.ts';
import type { AttentionProductOptions } from './products.ts';
import { repeatHeads } from './repeat-heads.ts';
import type { Tensor } from './tensor.ts';

const $attention = operator('aten::scaled_dot_product_attention', [
  'query',
  'key',
  'value',
  'attn_mask',
  'dropout_p',
  'is_causal',
  'scale',
]);
const $flash = operator('aten::_scaled_dot_product_flash_attention', [
  'query',
  'key',
  'value',
  'dropout_p',
  'is_causal',
  'return_debug_mask',
  'scale',
]);
const $adamW = operator('aten::_fused_adamw_', [
  'self',
  'grads',
  'exp_avgs',
  'exp_avg_sqs',
  'max_exp_avg_sqs',
  'state_steps',
  'lr',
  'beta1',
  'beta2',
  'weight_decay',
  'eps',
  'amsgrad',
  'maximize',
  'grad_scale',
  'found_inf',
]);

let available: boolean | undefined;

/** Whether the tensor lies on a GPU, and libtorch has the operators of this file (from version 2.1 on). */
export function isOnGpu({ device }: Tensor): boolean {
  if (!device.startsWith('cuda')) return false;
  available ??= hasOperator($attention.name) && hasOperator($adamW.name);
  return available;
}

/**
 * softmax(scale q kᵀ + bias) v.
 *
 * @param query [batch, heads, queries, dim]
 * @param key [batch, kvHeads, keys, dim], `value` the same; each is shared by heads / kvHeads queries
 * @returns [batch, heads, queries, dim]
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionProductOptions,
): Tensor {
  const heads = query.size(1);
  const [keys, values] = [repeatHeads(key, heads), repeatHeads(value, heads)];
  const isWhole = query.size(2) === key.size(2);
  const isPlain = !options.window && !options.documentStarts && !options.bias;
  // The operator's own causal mask aligns the first query with the first key.
  const isCausal = options.causal && isPlain && isWhole;
  const mask = isCausal ? undefined : maskOf(query, key, options);
  if (!mask && !isGradEnabled() && isFlashable(query)) {
    return (call($flash, [query, keys, values, 0, isCausal, false, options.scale]) as Tensor[])[0];
  }
  return call($attention, [query, keys, values, mask, 0, isCausal, options.scale]) as Tensor;
}

/**
 * Whether FlashAttention takes these heads. Inference asks for it by name: the general operator takes most of a token's time on the
 * host, 0.85 ms a call on an H100, where lengths are new at every call.
 */
const isFlashable = ({ dtype, shape, device }: Tensor): boolean =>
  device.startsWith('cuda') && dtype === 'bfloat16' && shape[3] % 8 === 0 && shape[3] <= 256;

/** What is added to the scores, or where they count, [1 or batch, 1 or heads, queries, keys]; undefined: everywhere. */
function maskOf(
  query: Tensor,
  key: Tensor,
  { causal, window, bias, documentStarts }: AttentionProductOptions,
): Tensor | undefined {
  const [queries, keys] = [query.size(2), key.size(2)];
  let seen: Tensor | undefined;
  if ((causal && queries > 1) || window) {
    const positions = arange(0, keys, { device: query.device });
    const own = positions.narrow(0, keys - queries, queries).unsqueeze(1);
    const last = causal ? positions.unsqueeze(0).le(own) : undefined;
    const first = window ? positions.unsqueeze(0).gt(own.sub(window)) : undefined;
    seen = last && first ? last.logicalAnd(first) : (last ?? first);
    seen = seen?.view([1, 1, queries, keys]);
  }
  if (documentStarts) {
    const own = documentStarts.narrow(1, keys - queries, queries);
    const same = own.unsqueeze(2).eq(documentStarts.unsqueeze(1)).unsqueeze(1);
    seen = seen ? seen.logicalAnd(same) : same;
  }
  if (!bias) return seen;
  const added = bias.to(query.dtype);
  return seen ? added.maskedFill(seen.logicalNot(), Number.NEGATIVE_INFINITY) : added;
}

/** One update of AdamW, in place, of float32 parameters on one GPU. */
export function fusedAdamW(update: AdamWUpdate): void {
  const { parameters, gradients, means, squares, weightDecay, lr, betas, eps, step, gradScale } = update;
  const [{ device }] = parameters;
  const steps = full([], step, { dtype: 'float32', device });
  const divisor = gradScale === 1 ? undefined : full([], 1 / gradScale, { dtype: 'float32', device });
  for (const decay of new Set(weightDecay)) {
    const own = <T>(values: readonly T[]): T[] => values.filter((_, i) => weightDecay[i] === decay);
    const ours = own(parameters);
    const state = [ours, own(gradients), own(means), own(squares), [], ours.map(() => steps)];
    call($adamW, [...state, lr, ...betas, decay, eps, false, false, divisor, undefined]);
  }
}
