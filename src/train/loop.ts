/**
 * The training loop, from first line to last: get a batch, forward, backward, clip, step, log, evaluate, save.
 * Whatever else a run does hangs on the hooks.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Model } from '../models/model.ts';
import type { Objective, Tokens } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';
import { autocast, backward, type Device, type DType, inferenceMode, scope } from '../torch/index.ts';
import { clipGradNorm } from './adamw.ts';
import type { Optimizer } from './optimizer.ts';
import type { WindowSampler } from './window-sampler.ts';

export interface StepMetrics {
  /** Updates done, this one included. */
  step: number;
  /** Mean training loss of the step's examples, nats a token. */
  loss: number;
  lr: number;
  /** Joint norm of all gradients before clipping. */
  gradNorm: number;
  /** Predictions made. */
  tokens: number;
  /** Seconds that the step took. */
  seconds: number;
}

export interface TrainHooks {
  onStep?(metrics: StepMetrics): void;
  /** After a step at which `evaluateEvery` asks for it. */
  onEvaluate?(step: number, loss: number): void;
  /** After everything else of the step; save here. */
  onStepEnd?(step: number): void;
}

export interface TrainLoop {
  model: Model;
  objective: Objective<unknown>;
  optimizer: Optimizer;
  schedule: (step: number) => number;
  sampler: WindowSampler;
  /** First step still to do, 0 for a new run. */
  startStep: number;
  steps: number;
  batchSize: number;
  gradientAccumulation: number;
  clipGradNorm: number;
  dtype: DType;
  device: Device;
  evaluation: { windows: readonly Tokens[]; every: number };
  hooks: TrainHooks;
  /** Throws when data that has just been read is not what it was; called before anything rests on it. */
  checkData?: () => void;
  /** Stop after the step in progress. */
  signal?: AbortSignal;
}

/**
 * Runs the loop.
 *
 * @returns the steps done in all: fewer than asked for when the signal stopped it
 * @throws UserError when the loss is no longer a number; what `checkData` throws, with the weights as the last step has left them
 */
export async function trainLoop(loop: TrainLoop): Promise<number> {
  const { model, objective, optimizer, schedule, sampler, hooks, dtype, device } = loop;
  const parameters = model.parameters();
  const { every } = loop.evaluation;
  model.train();

  for (let step = loop.startStep; step < loop.steps; step++) {
    if (loop.signal?.aborted) return step;
    const start = performance.now();
    const lr = schedule(step);

    const { loss, tokens } = scope(() => {
      let loss = 0;
      let tokens = 0;
      const batches = Array.from({ length: loop.gradientAccumulation }, () =>
        objective.batch(
          Array.from({ length: loop.batchSize }, () => sampler.next()),
          device,
        ),
      );
      // All of the step's data has been read, and nothing drawn yet: the run can go on from the step before.
      loop.checkData?.();
      for (const batch of batches) {
        scope(() => {
          const partLoss = autocast(dtype, () => objective.loss(model, batch)).div(loop.gradientAccumulation);
          backward(partLoss);
          loss += partLoss.item();
          tokens += objective.count(batch);
        });
      }
      return { loss, tokens };
    });
    const { norm: gradNorm, scale } = clipGradNorm(parameters, loop.clipGradNorm);
    if (!Number.isFinite(loss)) throw diverged(step + 1, 'loss', loss);
    if (!Number.isFinite(gradNorm)) throw diverged(step + 1, 'gradient norm', gradNorm);
    optimizer.step(lr, scale);
    model.zeroGrad();

    const done = step + 1;
    hooks.onStep?.({ step: done, loss, lr, gradNorm, tokens, seconds: (performance.now() - start) / 1000 });
    if (done === loop.steps || (every > 0 && done % every === 0)) {
      const heldOut = evaluateLoss(loop);
      loop.checkData?.();
      if (!Number.isFinite(heldOut)) throw diverged(done, 'held-out loss', heldOut);
      hooks.onEvaluate?.(done, heldOut);
    }
    hooks.onStepEnd?.(done);
    await nextTurn(); // signals and timers get their turn
  }
  return loop.steps;
}

/** What to throw when a quantity of a step is no longer a finite number. */
export const diverged = (step: number, what: string, value: number): UserError =>
  new UserError('TSLM_DIVERGED', `training diverged: the ${what} is ${value} at step ${step}`, {
    hint: 'lower optimizer.lr, lengthen the warmup, or try train.precision=float32; earlier checkpoints are intact',
  });

/** Mean loss over the evaluation windows, nats a token. */
export function evaluateLoss({ model, objective, evaluation, batchSize, dtype, device }: TrainLoop): number {
  const { windows } = evaluation;
  let total = 0;
  let count = 0;
  model.eval();
  for (let start = 0; start < windows.length; start += batchSize) {
    scope(() => {
      const batch = objective.batch(windows.slice(start, start + batchSize), device);
      const predictions = objective.count(batch);
      total += inferenceMode(() => autocast(dtype, () => objective.loss(model, batch))).item() * predictions;
      count += predictions;
    });
  }
  model.train();
  return total / count;
}
