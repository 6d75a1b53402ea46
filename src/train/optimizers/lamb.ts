/**
 * LAMB (You et al. 2020, arXiv:1904.00962, algorithm 2): Adam whose update of each parameter, decay included, is made as long as
 * the parameter is, so that batches of many thousands need no other learning rate in each layer. Norms and biases, which do not
 * decay, are updated as by Adam, as in the authors' code.
 */
import { type Tensor, zerosLike } from '../../torch/index.ts';
import type { NamedParameters, Optimizer } from './optimizer.ts';
import { type DecayOptions, perParameter } from './per-parameter.ts';

export interface LambOptions extends DecayOptions {
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-6. */
  eps?: number;
  /** Scale the updates of norms and biases too, as the paper's algorithm does. Default false. */
  alwaysAdapt?: boolean;
}

/** LAMB (You et al. 2020): Adam's step scaled to the norm of each parameter. */
export function lamb(named: NamedParameters, options: LambOptions = {}): Optimizer {
  const { betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-6, alwaysAdapt = false } = options;
  return perParameter(named, options, ['exp_avg', 'exp_avg_sq'], update => {
    const { parameter, gradient, lr, step, weightDecay, kept } = update;
    const mean = kept('exp_avg', () => zerosLike(parameter))
      .mul_(beta1)
      .add_(gradient, { alpha: 1 - beta1 });
    const square = kept('exp_avg_sq', () => zerosLike(parameter))
      .mul_(beta2)
      .addcmul_(gradient, gradient, { value: 1 - beta2 });
    const denominator = square
      .div(1 - beta2 ** step)
      .sqrt()
      .add_(eps);
    const direction = mean.div(1 - beta1 ** step).div_(denominator);
    if (weightDecay !== 0) direction.add_(parameter, { alpha: weightDecay });
    const ratio = alwaysAdapt || update.decays ? trustRatio(parameter, direction) : 1;
    parameter.add_(direction, { alpha: -lr * ratio });
  });
}

/** ‖w‖ / ‖update‖, and 1 where either is 0. */
function trustRatio(parameter: Tensor, direction: Tensor): number {
  const [size, length] = [parameter.vectorNorm().item(), direction.vectorNorm().item()];
  return size > 0 && length > 0 ? size / length : 1;
}
