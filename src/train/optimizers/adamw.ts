/**
 * AdamW (Loshchilov & Hutter 2019): Adam with weight decay taken out of the gradient. Decay applies to matrices only;
 * norms and biases are left alone, as has been usual since GPT-2.
 */
import type { Parameter } from '../../nn/index.ts';
import { dispose, keep, noGrad, scope, zerosLike } from '../../torch/index.ts';
import { adamWUpdate, gradNorm } from '../../torch/kernels.ts';
import { savedTensor } from '../saved-tensor.ts';
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
  /**
   * The learning rate of a parameter counts in units of its root mean square, at least 1e-3, as in Adafactor (Shazeer & Stern 2018, 8):
   * for models whose weights are of very unequal size, as T5's are. Default false.
   */
  scaleParameter?: boolean;
}

/** Least size that a parameter counts with for `scaleParameter`. */
const LEAST_SIZE = 1e-3;

/** AdamW (Loshchilov & Hutter 2019), one fused kernel for all parameters. */
export function adamW(
  named: NamedParameters,
  { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01, decayAll = false, scaleParameter = false }: AdamWOptions = {},
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
        const update = (some: typeof active, rate: number): void =>
          adamWUpdate({
            parameters: some.map(({ parameter }) => parameter),
            gradients: some.map(({ gradient }) => gradient),
            means: some.map(({ mean }) => mean),
            squares: some.map(({ square }) => square),
            weightDecay: some.map(({ name, parameter }) => (decayAll || decays(name, parameter) ? weightDecay : 0)),
            lr: rate,
            betas,
            eps,
            step: steps,
            gradScale,
          });
        noGrad(() => {
          if (!scaleParameter) update(active, lr);
          else for (const one of active) update([one], lr * Math.max(LEAST_SIZE, rms(one.parameter)));
        });
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
          mean.copy_(savedTensor(saved, `${name}.exp_avg`, mean));
          square.copy_(savedTensor(saved, `${name}.exp_avg_sq`, square));
        }
      });
    },

    dispose() {
      for (const { mean, square } of states) dispose([mean, square]);
    },
  };
}

const rms = (parameter: Parameter): number => parameter.detach().vectorNorm().item() / Math.sqrt(parameter.numel);

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
