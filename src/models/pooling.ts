/** One vector for a whole text from the vectors of its tokens (Reimers & Gurevych 2019, 3). */
import { usageError } from '../support/errors.ts';
import { arange, ones, type Tensor } from '../torch/index.ts';
import type { BackboneOutput } from './model.ts';

/** `mean` and `max` over the tokens; `cls`: the first one's vector; `last`: that of the last one, which saw all others. */
export type Pooling = 'mean' | 'cls' | 'last' | 'max';

export interface EmbedOptions {
  /** Default `mean`. */
  pooling?: Pooling;
  /** Scale to length 1, so that products are cosines. Default false. */
  normalize?: boolean;
}

/**
 * Text embeddings from a backbone's output. Padding does not count, on whichever side it stands.
 *
 * @param attentionMask int64 [batch, time]: 1 where a token counts; default everywhere
 * @returns [batch, hidden]
 * @throws UserError for a pooling that does not exist
 */
export function embed(
  { lastHiddenState: x }: Pick<BackboneOutput, 'lastHiddenState'>,
  attentionMask: Tensor | undefined,
  { pooling = 'mean', normalize = false }: EmbedOptions = {},
): Tensor {
  if (!Object.hasOwn(poolers, pooling)) {
    throw usageError('TSLM_BAD_VALUE', `there is no pooling '${pooling}'`, `known: ${Object.keys(poolers).join(', ')}`);
  }
  const mask = attentionMask ?? ones(x.shape.slice(0, 2), { dtype: 'int64', device: x.device });
  const pooled = poolers[pooling](x, mask);
  return normalize ? pooled.div(pooled.vectorNorm([-1], { keepdim: true }).clamp({ min: 1e-12 })) : pooled;
}

/** [batch, time, hidden] and the mask [batch, time] → [batch, hidden] */
const poolers: Record<Pooling, (x: Tensor, mask: Tensor) => Tensor> = {
  mean(x, mask) {
    const weights = mask.to(x.dtype).unsqueeze(-1);
    return x
      .mul(weights)
      .sum([1])
      .div(weights.sum([1]).clamp({ min: 1e-9 }));
  },
  max: (x, mask) => x.maskedFill(mask.eq(0).unsqueeze(-1), Number.NEGATIVE_INFINITY).amax([1]),
  cls: (x, mask) =>
    vectorAt(
      x,
      mask
        .ne(0)
        .to('int64')
        .mul(places(x).neg().add(x.size(1)))
        .argmax({ dim: 1 }),
    ),
  last: (x, mask) => vectorAt(x, mask.ne(0).to('int64').mul(places(x)).argmax({ dim: 1 })),
};

/** 0, 1, 2, … [time] */
const places = (x: Tensor): Tensor => arange(0, x.size(1), { dtype: 'int64', device: x.device });

/** @param at int64 [batch] */
const vectorAt = (x: Tensor, at: Tensor): Tensor =>
  x.gather(1, at.view([-1, 1, 1]).expand([-1, 1, x.size(2)])).squeezeDim(1);
