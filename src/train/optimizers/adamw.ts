/**
 * AdamW (Loshchilov & Hutter 2019): Adam with weight decay taken out of the gradient. Decay applies to matrices only;
 * norms and biases are left alone, as has been usual since GPT-2.
 */
import type { Parameter } from '../../nn/index.ts';
import { dispose, keep, noGrad, scope, zerosLike } from '../../torch/index.ts';
import { adamWUpdate, gradNorm } from '../../torch/kernels.ts';
import { decays, type NamedParameters, type Optimizer } from './optimizer.ts';

export interface AdamWOptions {
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Default 0.01. */
  weightDecay?: number;
  /** Decay norms and biases too. Default false. */
  decayAll?: boolean;
}

export function adamW(
  named: NamedParameters,
  { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01, decayAll = false }: AdamWOptions = {},
): Optimizer {
  const states = named.map(([name, parameter]) => ({
    name,
    parameter,
    ...scope(() => keep({ mean: zerosLike(parameter.detach()), square: zerosLike(parameter.detach()) })),
  }));
  let steps = 0;

  return {
    step(lr, gradScale = 1) {
      steps++;
      scope(() => {
        const active = states.flatMap(state => {
          const gradient = state.parameter.grad;
          return gradient ? [{ ...state, gradient }] : [];
        });
        noGrad(() =>
          adamWUpdate({
            parameters: active.map(({ parameter }) => parameter),
            gradients: active.map(({ gradient }) => gradient),
            means: active.map(({ mean }) => mean),
            squares: active.map(({ square }) => square),
            weightDecay: active.map(({ name, parameter }) => (decayAll || decays(name, parameter) ? weightDecay : 0)),
            lr,
            betas,
            eps,
            step: steps,
            gradScale,
          }),
        );
      });
    },

    state() {
      return new Map(
        states.flatMap(
          ({ name, mean, square }) =>
            [
              [`${name}.exp_avg`, mean],
              [`${name}.exp_avg_sq`, square],
            ] as const,
        ),
      );
    },

    load(saved, atStep) {
      steps = atStep;
      noGrad(() => {
        for (const { name, mean, square } of states) {
          mean.copy_(saved.get(`${name}.exp_avg`)!);
          square.copy_(saved.get(`${name}.exp_avg_sq`)!);
        }
      });
    },

    dispose() {
      for (const { mean, square } of states) dispose([mean, square]);
    },
  };
}

/**
 * Measures the gradients and says by what to scale them so that their joint norm is at most `maxNorm` (Pascanu et al.
 * 2013): hand `scale` to the optimizer's step.
 *
 * @param maxNorm 0: no limit
 */
export function clipGradNorm(parameters: readonly Parameter[], maxNorm: number): { norm: number; scale: number } {
  const norm = scope(() => gradNorm(parameters.flatMap(parameter => parameter.grad ?? [])).item());
  return { norm, scale: maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1 };
}
