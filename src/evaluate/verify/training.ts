/** Recorded gradients of one batch, and three optimizer steps on it. */
import { ownKeyOf } from '../../models/checkpoint/keys.ts';
import type { Model } from '../../models/model.ts';
import type { Parameter } from '../../nn/index.ts';
import { backward, scope } from '../../torch/index.ts';
import { adamW, clipGradNorm } from '../../train/optimizers/adamw.ts';
import {
  type Check,
  compareExactly,
  compareNumbers,
  compareTensors,
  gradientTolerance,
  tolerances,
} from './compare.ts';
import { modelInputs } from './forward.ts';
import type { Golden } from './golden.ts';

/** The gradients, in the model as loaded. */
export function* verifyGradients(model: Model, golden: Golden): Generator<Check> {
  const { grad } = golden;
  if (!grad) return;
  const check = { section: 'grad', name: 'batch' };
  const parameters = byKey(model);
  const loss = lossAndGradients(model, golden);
  yield { ...check, quantity: 'loss', ...compareNumbers([loss], [grad.loss], tolerances.loss) };
  const { norm } = clipGradNorm(model.parameters(), Number.POSITIVE_INFINITY);
  yield {
    ...check,
    quantity: 'global norm',
    ...compareNumbers([norm], [grad.global_norm], tolerances.gradientNorm),
  };
  for (const [key, name] of Object.entries(grad.tensors)) {
    const result = scope(() => {
      const expected = golden.recorded(name);
      const { parameter, transpose } = parameters.get(key) ?? {};
      const gradient = parameter?.grad;
      const tolerance = gradientTolerance(expected.abs().amax().item());
      return compareTensors(transpose ? gradient?.t() : gradient, expected, tolerance);
    });
    yield { ...check, quantity: key, ...result };
  }
  const without = scope(() => [...parameters].filter(([, { parameter }]) => !parameter.grad).map(([key]) => key));
  const silent = grad.params_without_grad.filter(key => parameters.has(key)).sort();
  yield { ...check, quantity: 'without gradient', ...compareExactly(without.sort(), silent) };
  model.zeroGrad();
}

/** The steps; the model's weights are changed. */
export function* verifyAdamW(model: Model, golden: Golden): Generator<Check> {
  const { adamw } = golden;
  if (!adamw) return;
  const check = { section: 'adamw', name: `${adamw.steps} steps` };
  const { betas, eps, weight_decay: weightDecay } = adamw;
  const parameters = model.parameters();
  const optimizer = adamW([...model.namedParameters()], { betas, eps, weightDecay, decayAll: true });
  const losses: number[] = [];
  const norms: number[] = [];
  for (let step = 0; step < adamw.steps; step++) {
    losses.push(lossAndGradients(model, golden));
    const { norm, scale } = clipGradNorm(parameters, adamw.clip_grad_norm);
    norms.push(norm);
    optimizer.step(adamw.lr, scale);
    model.zeroGrad();
  }
  losses.push(lossAndGradients(model, golden));
  model.zeroGrad();
  optimizer.dispose();
  yield { ...check, quantity: 'losses', ...compareNumbers(losses, adamw.losses, tolerances.adamw) };
  yield { ...check, quantity: 'grad norms', ...compareNumbers(norms, adamw.grad_norms, tolerances.gradientNorm) };
  const now = byKey(model);
  for (const [key, name] of Object.entries(adamw.tensors)) {
    const result = scope(() => {
      const { parameter, transpose } = now.get(key) ?? {};
      const mask = adamw.masks[key] === undefined ? undefined : golden.recorded(adamw.masks[key]);
      return compareTensors(transpose ? parameter?.t() : parameter, golden.recorded(name), tolerances.adamw, mask);
    });
    yield { ...check, quantity: key, ...result };
  }
}

function lossAndGradients(model: Model, golden: Golden): number {
  return scope(() => {
    const { loss } = model.forward(modelInputs(golden, golden.grad!));
    backward(loss!);
    return loss!.item();
  });
}

function byKey(model: Model): Map<string, { parameter: Parameter; transpose: boolean }> {
  const named = [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad);
  return new Map(
    named.map(([path, parameter]) => {
      const { key, transpose } = ownKeyOf(path, model);
      return [key, { parameter, transpose }];
    }),
  );
}
