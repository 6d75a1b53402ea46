/**
 * Stochastic gradient descent with momentum (Sutskever et al. 2013), as `torch.optim.SGD` has it: decay is a part of the
 * gradient, and the first gradient becomes the momentum undamped.
 */
import type { NamedParameters, Optimizer } from './optimizer.ts';
import { type DecayOptions, perParameter } from './per-parameter.ts';

export interface SGDOptions extends DecayOptions {
  /** Decay of the running sum of gradients. Default 0: none is kept. */
  momentum?: number;
  /** How much of each further gradient the momentum leaves out. Default 0. */
  dampening?: number;
  /** Step along the gradient and the momentum that it led to. Default false. */
  nesterov?: boolean;
}

/** Why Nesterov's momentum cannot be had, if so. */
export const nesterovProblem = ({ momentum = 0, dampening = 0, nesterov = false }: SGDOptions): string | undefined =>
  nesterov && (momentum === 0 || dampening !== 0) ? 'nesterov needs a momentum and no dampening' : undefined;

/** @throws RangeError for `nesterov` without momentum or with dampening */
export function sgd(named: NamedParameters, options: SGDOptions = {}): Optimizer {
  const { momentum = 0, dampening = 0, nesterov = false } = options;
  const problem = nesterovProblem(options);
  if (problem) throw new RangeError(problem);
  return perParameter(named, options, ['momentum_buffer'], ({ parameter, gradient, lr, weightDecay, kept }) => {
    const slope = weightDecay === 0 ? gradient : gradient.add(parameter, { alpha: weightDecay });
    let direction = slope;
    if (momentum !== 0) {
      let isFirst = false;
      const buffer = kept('momentum_buffer', () => {
        isFirst = true;
        return slope.clone();
      });
      if (!isFirst) buffer.mul_(momentum).add_(slope, { alpha: 1 - dampening });
      direction = nesterov ? slope.add(buffer, { alpha: momentum }) : buffer;
    }
    parameter.add_(direction, { alpha: -lr });
  });
}
