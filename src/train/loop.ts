/**
 * The training loop, from first line to last: get a batch, forward, backward, clip, step, log, evaluate, save.
 * Whatever else a run does hangs on the hooks.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Model } from '../models/model.ts';
import type { Objective, Tokens } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';
import { autocast, backward, type Device, type DType, inferenceMode, scope } from '../torch/index.ts';
import { clipGradNorm } from './optimizers/adamw.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
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
  /** Before the weights change. Until `onStep` they are those of no step. */
  onUpdate?(): void;
  /** The weights are those after the step. */
  onStep?(metrics: StepMetrics): void;
  /** What follows a step begins: after `onStep`, or first of all in a run that was stopped there. */
  onStepDone?(step: number): void;
  /** After a step at which `evaluation.every` asks for it. */
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
  /** What follows the step before `startStep` is still to be done; default false. */
  pending?: boolean;
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
  /** Stop after the forward and backward pass in progress: the step it belongs to is not done then. */
  signal?: AbortSignal;
}

/**
 * Runs the loop.
 *
 * @returns the steps done in all: fewer than asked for when the signal stopped it. When it did so in an evaluation,
 *   `onStepEnd` was not called for the last one.
 * @throws UserError when the loss is no longer a number; what `checkData` throws, with the weights as the last
 *   step has left them
 */
export async function trainLoop(loop: TrainLoop): Promise<number> {
  const { model, optimizer, schedule, hooks, signal } = loop;
  const parameters = model.parameters();
  model.train();
  if (loop.pending && !(await finishStep(loop, loop.startStep))) return loop.startStep;

  for (let step = loop.startStep; step < loop.steps; step++) {
    const start = performance.now();
    const lr = schedule(step);
    const passes = await accumulateGradients(loop);
    if (passes === undefined) return step;
    const { loss, tokens } = passes;
    const { norm: gradNorm, scale } = clipGradNorm(parameters, loop.clipGradNorm);
    if (!Number.isFinite(loss)) throw diverged(step + 1, 'loss', loss);
    if (!Number.isFinite(gradNorm)) throw diverged(step + 1, 'gradient norm', gradNorm);
    hooks.onUpdate?.();
    optimizer.step(lr, scale);
    model.zeroGrad();

    const done = step + 1;
    hooks.onStep?.({ step: done, loss, lr, gradNorm, tokens, seconds: (performance.now() - start) / 1000 });
    if (!(await finishStep(loop, done))) return done;
    await nextTurn(); // signals and timers get their turn
    if (signal?.aborted) return done;
  }
  return loop.steps;
}

/** The forward and backward passes of a step; undefined, and no gradients, when the signal stops it between them. */
async function accumulateGradients(loop: TrainLoop): Promise<{ loss: number; tokens: number } | undefined> {
  const { model, objective, sampler, dtype, device, gradientAccumulation } = loop;
  let loss = 0;
  let tokens = 0;
  for (let part = 0; part < gradientAccumulation; part++) {
    if (part > 0) await nextTurn();
    if (loop.signal?.aborted) {
      model.zeroGrad();
      return undefined;
    }
    scope(() => {
      const examples = Array.from({ length: loop.batchSize }, () => sampler.next());
      const batch = objective.batch(examples, device);
      loop.checkData?.(); // the run can go on from the step before
      const partLoss = autocast(dtype, () => objective.loss(model, batch)).div(gradientAccumulation);
      backward(partLoss);
      loss += partLoss.item();
      tokens += objective.count(batch);
    });
  }
  return { loss, tokens };
}

/** What follows a step. False when the signal stopped it. */
async function finishStep(loop: TrainLoop, done: number): Promise<boolean> {
  const { model, hooks, steps, evaluation } = loop;
  hooks.onStepDone?.(done);
  if (done === steps || (evaluation.every > 0 && done % evaluation.every === 0)) {
    const heldOut = await evaluateLoss(loop);
    model.train();
    if (heldOut === undefined) return false;
    loop.checkData?.();
    if (!Number.isFinite(heldOut)) throw diverged(done, 'held-out loss', heldOut);
    hooks.onEvaluate?.(done, heldOut);
  }
  hooks.onStepEnd?.(done);
  return true;
}

/** What to throw when a quantity of a step is no longer a finite number. */
export const diverged = (step: number, what: string, value: number): UserError =>
  new UserError('TSLM_DIVERGED', `training diverged: the ${what} is ${value} at step ${step}`, {
    hint: 'lower optimizer.lr, lengthen the warmup, or try train.precision=float32; earlier checkpoints are intact',
  });

/** Mean loss over the evaluation windows, nats a token; undefined when the signal stopped it. */
async function evaluateLoss(loop: TrainLoop): Promise<number | undefined> {
  const { model, objective, evaluation, batchSize, dtype, device, signal } = loop;
  const { windows } = evaluation;
  let total = 0;
  let count = 0;
  model.eval();
  for (let start = 0; start < windows.length; start += batchSize) {
    if (signal?.aborted) return undefined;
    scope(() => {
      const batch = objective.batch(windows.slice(start, start + batchSize), device);
      const predictions = objective.count(batch);
      total += inferenceMode(() => autocast(dtype, () => objective.loss(model, batch))).item() * predictions;
      count += predictions;
    });
    await nextTurn();
  }
  return total / count;
}
