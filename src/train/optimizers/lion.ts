/**
 * Lion (Chen et al. 2023, arXiv:2302.06675, algorithm 2): every weight moves by the learning rate, in the direction that
 * momentum and gradient agree on. One tensor of state where Adam has two. It asks for a learning rate 3 to 10 times
 * smaller than AdamW's and a decay as many times larger.
 */
import { zerosLike } from '../../torch/index.ts';
import type { NamedParameters, Optimizer } from './optimizer.ts';
import { type DecayOptions, perParameter } from './per-parameter.ts';

export interface LionOptions extends DecayOptions {
  /** Weight of the momentum in the direction, and its decay. Default [0.9, 0.99]. */
  betas?: readonly [number, number];
}

/** Lion (Chen et al. 2023): the sign of the momentum. */
export function lion(named: NamedParameters, options: LionOptions = {}): Optimizer {
  const [beta1, beta2] = options.betas ?? [0.9, 0.99];
  return perParameter(named, options, ['exp_avg'], ({ parameter, gradient, lr, weightDecay, kept }) => {
    const mean = kept('exp_avg', () => zerosLike(parameter));
    const direction = mean
      .mul(beta1)
      .add_(gradient, { alpha: 1 - beta1 })
      .sign();
    if (weightDecay !== 0) parameter.mul_(1 - lr * weightDecay);
    parameter.add_(direction, { alpha: -lr });
    mean.mul_(beta2).add_(gradient, { alpha: 1 - beta2 });
  });
}
