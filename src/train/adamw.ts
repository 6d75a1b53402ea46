/**
 * AdamW (Loshchilov & Hutter 2019): Adam with weight decay taken out of the gradient. Decay applies to matrices only;
 * norms and biases are left alone, as has been usual since GPT-2.
 */
import type { Parameter } from '../nn/index.ts';
import {
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul_,
  _foreachAddScalar_,
  _foreachMul_,
  _foreachNorm,
  _foreachSqrt,
  dispose,
  keep,
  noGrad,
  scope,
  stack,
  type Tensor,
  zerosLike,
} from '../torch/index.ts';

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

export interface Optimizer {
  /** One update from the parameters' gradients. */
  step(lr: number): void;
  /** The state under names that `load` understands. */
  state(): Map<string, Tensor>;
  load(state: ReadonlyMap<string, Tensor>, steps: number): void;
  dispose(): void;
}

export function adamW(
  named: readonly (readonly [name: string, parameter: Parameter])[],
  { betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01, decayAll = false }: AdamWOptions = {},
): Optimizer {
  const states = named.map(([name, parameter]) => ({
    name,
    parameter,
    ...keep({ mean: zerosLike(parameter.detach()), square: zerosLike(parameter.detach()) }),
  }));
  let steps = 0;

  return {
    step(lr) {
      steps++;
      scope(() => {
        noGrad(() => {
          const active = states.filter(({ parameter }) => parameter.grad);
          const parameters = active.map(({ parameter }) => parameter);
          const gradients = parameters.map(parameter => parameter.grad!);
          const means = active.map(({ mean }) => mean);
          const squares = active.map(({ square }) => square);

          const decayed = parameters.filter(parameter => decayAll || parameter.dim >= 2);
          if (weightDecay !== 0 && decayed.length > 0) _foreachMul_(decayed, 1 - lr * weightDecay);
          // m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²
          _foreachMul_(means, beta1);
          _foreachAdd_(means, gradients, { alpha: 1 - beta1 });
          _foreachMul_(squares, beta2);
          _foreachAddcmul_(squares, gradients, gradients, { value: 1 - beta2 });
          // p ← p − lr m̂ / (√v̂ + ε), the bias corrections folded into the constants
          const correction = Math.sqrt(1 - beta2 ** steps);
          const denominators = _foreachSqrt(squares);
          _foreachAddScalar_(denominators, eps * correction);
          _foreachAddcdiv_(parameters, means, denominators, { value: (-lr * correction) / (1 - beta1 ** steps) });
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
 * Scales all gradients so that their joint norm is at most `maxNorm` (Pascanu et al. 2013).
 *
 * @returns the norm before, a scalar
 */
export function clipGradNorm(parameters: readonly Parameter[], maxNorm: number): Tensor {
  return noGrad(() => {
    const gradients = parameters.flatMap(parameter => parameter.grad ?? []);
    const norm = stack(_foreachNorm(gradients)).vectorNorm();
    if (maxNorm > 0) {
      const factor = norm.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
      for (const gradient of gradients) gradient.mul_(factor);
    }
    return norm;
  });
}
