/** Optimizers that update each parameter by itself: the loop over parameters, decay and state around a rule. */
import { noGrad, scope, type Tensor } from '../../torch/index.ts';
import { decays, type NamedParameters, type Optimizer } from './optimizer.ts';
import { OptimizerState } from './optimizer-state.ts';

export interface DecayOptions {
  weightDecay?: number;
  /** Decay norms and biases too. Default false. */
  decayAll?: boolean;
}

export interface Update {
  parameter: Tensor;
  /** Scaled already. */
  gradient: Tensor;
  lr: number;
  /** 1 at the first update. */
  step: number;
  /** 0 for what does not decay. */
  weightDecay: number;
  /** Whether it is one of those that decay, whatever the weight. */
  decays: boolean;
  /** What is kept of the parameter as `key`; `begin` makes it with the first gradient. */
  kept(key: string, begin: () => Tensor): Tensor;
}

/**
 * @param keys everything that `rule` keeps
 * @param rule changes `parameter`; runs without gradients, in a scope of its own
 */
export function perParameter(
  named: NamedParameters,
  { weightDecay = 0, decayAll = false }: DecayOptions,
  keys: readonly string[],
  rule: (update: Update) => void,
): Optimizer {
  const state = new OptimizerState();
  let steps = 0;
  return {
    step(lr, gradScale = 1) {
      const step = ++steps;
      for (const [name, parameter] of named) {
        // A scope each: what a rule makes on its way is as large as the parameter.
        scope(() => {
          const { grad } = parameter;
          if (!grad) return;
          const isDecayed = decayAll || decays(name, parameter);
          noGrad(() =>
            rule({
              parameter,
              gradient: gradScale === 1 ? grad : grad.mul(gradScale),
              lr,
              step,
              weightDecay: isDecayed ? weightDecay : 0,
              decays: isDecayed,
              kept: (key, begin) => state.of(name, key, begin),
            }),
          );
        });
      }
    },
    state: () => state.tensors(),
    load(saved, atStep) {
      steps = atStep;
      state.load(saved, named, keys);
    },
    dispose: () => state.dispose(),
  };
}
