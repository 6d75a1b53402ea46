/** What was recorded of training on one batch: its loss, gradients of some parameters, and the losses of a few AdamW steps on it. */
import { z } from 'zod';
import { ownKeyOf } from '../../../models/checkpoint/keys.ts';
import type { Model } from '../../../models/model.ts';
import type { Parameter } from '../../../nn/index.ts';
import { backward, scope, type Tensor } from '../../../torch/index.ts';
import { adamW, clipGradNorm } from '../../../train/optimizers/adamw.ts';
import { type Check, compareNumbers, compareTensors, tolerances } from '../compare.ts';
import { recordedTensor, type TuningGolden, tuningTolerances } from './golden.ts';

export const stepsSchema = z.looseObject({
  lr: z.number(),
  betas: z.tuple([z.number(), z.number()]),
  eps: z.number(),
  weight_decay: z.number(),
  clip_grad_norm: z.number(),
  steps: z.int(),
});
export type RecordedSteps = z.output<typeof stepsSchema>;

const numbers = z.array(z.number());
export const trainingSchema = z.looseObject({
  loss: z.number(),
  grad_norm: z.number(),
  grads: z.record(z.string(), recordedTensor),
  steps: z.looseObject({ losses: numbers, grad_norms: numbers }),
});
export type RecordedTraining = z.output<typeof trainingSchema>;

/** What is trained: a model, or what an adapter adds to one. */
export interface Trained {
  model: Model;
  /** By the keys under which gradients are recorded. */
  named: readonly (readonly [key: string, parameter: Parameter])[];
}

export const wholeModelOf = (model: Model): Trained => ({
  model,
  named: [...model.namedParameters()].map(([path, parameter]) => [ownKeyOf(path, model).key, parameter]),
});

/**
 * Compares them; the weights are changed.
 *
 * @param lossOf the loss of the batch, with gradients
 * @param afresh forgets what the losses before have left
 */
export function* verifyBatchTraining(
  golden: TuningGolden,
  { model, named }: Trained,
  lossOf: () => Tensor,
  adamw: RecordedSteps,
  expected: RecordedTraining,
  check: Pick<Check, 'section' | 'name'>,
  afresh: () => void = () => {},
): Generator<Check> {
  const pass = (): number =>
    scope(() => {
      const loss = lossOf();
      backward(loss);
      return loss.item();
    });
  model.train();
  afresh();
  const loss = pass();
  yield { ...check, quantity: 'loss', ...compareNumbers([loss], [expected.loss], tuningTolerances.loss) };
  const parameters = named.map(([, parameter]) => parameter);
  const zeroGrad = (): void => {
    for (const parameter of parameters) parameter.grad = undefined;
  };
  const { norm } = clipGradNorm(parameters, Number.POSITIVE_INFINITY);
  yield {
    ...check,
    quantity: 'gradient norm',
    ...compareNumbers([norm], [expected.grad_norm], tuningTolerances.stepLosses),
  };
  const byKey = new Map(named);
  for (const [key, value] of Object.entries(expected.grads)) {
    const compared = scope(() => {
      const gradient = golden.recorded(value);
      const atol = 1e-7 + 1e-4 * gradient.abs().amax().item();
      return compareTensors(byKey.get(key)?.grad, gradient, { atol, rtol: 1e-3 });
    });
    yield { ...check, quantity: key, ...compared };
  }
  zeroGrad();
  const optimizer = adamW(named, {
    betas: adamw.betas,
    eps: adamw.eps,
    weightDecay: adamw.weight_decay,
    decayAll: true,
  });
  afresh();
  const [losses, norms]: [number[], number[]] = [[], []];
  for (let step = 0; step < adamw.steps; step++) {
    losses.push(pass());
    const clipped = clipGradNorm(parameters, adamw.clip_grad_norm);
    norms.push(clipped.norm);
    optimizer.step(adamw.lr, clipped.scale);
    zeroGrad();
  }
  losses.push(pass());
  zeroGrad();
  optimizer.dispose();
  model.eval();
  const { steps } = expected;
  yield { ...check, quantity: 'losses', ...compareNumbers(losses, steps.losses, tuningTolerances.stepLosses) };
  yield { ...check, quantity: 'gradient norms', ...compareNumbers(norms, steps.grad_norms, tolerances.gradientNorm) };
}
