/**
 * The training loop, from first line to last: get a batch, forward, backward, clip, step, log, evaluate, save.
 * Whatever else a run does hangs on the hooks.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dataset } from '../data/rows/dataset.ts';
import type { AnyObjective, Counts } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';
import { autocast, backward, type Device, type DType, dispose, keep, scope, type Tensor } from '../torch/index.ts';
import type { Ema } from './ema.ts';
import type { Estimates, Evaluation } from './evaluation.ts';
import { type ExampleFeed, exampleFeed, type WorkerOptions } from './examples.ts';
import { alone, type Group } from './group.ts';
import { clipGradNorm } from './optimizers/adamw.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import type { Sampler } from './sampler.ts';
import { isSpike, type SpikeOptions, type SpikeState } from './spikes.ts';
import type { Trainable } from './trainable.ts';

export interface StepMetrics {
  /** Updates done, this one included. */
  step: number;
  /** Training loss of the step, Σ weight · Σ loss / Σ count over its terms. */
  loss: number;
  /** Mean of each term of the objective, metrics included. */
  terms: Record<string, number>;
  lr: number;
  /** Joint norm of all gradients before clipping. */
  gradNorm: number;
  /** Tokens that the examples have. */
  tokens: number;
  /** Seconds that the step took. */
  seconds: number;
  /** Seconds of them that the loop waited for the step's examples. */
  wait: number;
  /** The gradients were a spike, and the weights stayed as they were. */
  isSkipped: boolean;
}

export interface TrainHooks {
  /** Before the weights change. Until `onStep` they are those of no step. */
  onUpdate?(): void;
  /** The weights are those after the step. */
  onStep?(metrics: StepMetrics): void;
  /** What follows a step begins: after `onStep`, or first of all in a run that was stopped there. */
  onStepDone?(step: number, isLast: boolean): void;
  /** After a step at which the evaluation is due. */
  onEvaluate?(step: number, evaluation: Evaluation, estimates: Estimates): void;
  /** After everything else of the step; save here. */
  onStepEnd?(step: number, isLast: boolean): void;
  /** Asked before each step: whether training has gone on for long enough, whatever steps or time are left. */
  isEnough?(): boolean;
}

export interface TrainLoop {
  trainable: Trainable;
  objective: AnyObjective;
  // biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
  data: Dataset<any>;
  sampler: Pick<Sampler, 'batch'>;
  /** Of what is random in examples. */
  seed: number;
  /** Threads that make examples ahead of the loop. Default: they are made in it. */
  workers?: WorkerOptions;
  /** Gives the examples of a step answers that the model writes, for objectives that explore; undefined: the signal came. */
  explore?(step: number, examples: readonly unknown[][], signal?: AbortSignal): Promise<unknown[][] | undefined>;
  optimizer: Optimizer;
  /** The learning rate of a step; with a budget steps count to `steps` as its time passes. */
  schedule: (step: number) => number;
  /** First step still to do, 0 for a new run. */
  startStep: number;
  /** What follows the step before `startStep` is still to be done; default false. */
  pending?: boolean;
  /** Steps of the run, or with a budget of the schedule. */
  steps: number;
  /** Train for this many seconds instead, of which `spent` are over. */
  budget?: { seconds: number; spent: number };
  /** Micro-batches of a step. Default 1. */
  gradientAccumulation?: number;
  clipGradNorm: number;
  /** Leave out updates that are spikes. Default: none. `state` is changed, and must be kept to go on. */
  skipSpikes?: { options: SpikeOptions; state: SpikeState };
  /** Averages of the weights, told of each update. */
  ema?: Pick<Ema, 'update'>;
  dtype: DType;
  device: Device;
  /** The processes of the run. Default: this one. */
  group?: Group;
  /** Each every `every` steps and at the end; 0: only at the end. */
  evaluations: readonly { evaluation: Evaluation; every: number }[];
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
  const clock = clockOf(loop);
  const feed = exampleFeed({
    ...loop,
    parts: loop.gradientAccumulation ?? 1,
    steps: loop.budget ? Number.POSITIVE_INFINITY : loop.steps,
    progressAt: step => clock.scheduled(step) / loop.steps,
  });
  try {
    return await doSteps(loop, clock, feed);
  } finally {
    await feed.close();
  }
}

async function doSteps(loop: TrainLoop, clock: Clock, feed: ExampleFeed): Promise<number> {
  const { trainable, optimizer, dtype, hooks, signal, skipSpikes } = loop;
  const parameters = trainable.namedParameters().map(([, parameter]) => parameter);
  trainable.train();
  let step = loop.startStep;
  let isLast = clock.isOver(step);
  if (loop.pending && !(await finishStep(loop, step, isLast))) return step;

  while (!isLast && !hooks.isEnough?.()) {
    const start = performance.now();
    const lr = loop.schedule(clock.scheduled(step));
    const fed = await feed.next(step);
    const wait = (performance.now() - start) / 1000;
    const examples = loop.explore ? await loop.explore(step, fed, signal) : fed;
    if (examples === undefined) return step;
    const passes = await accumulateGradients(loop, examples);
    if (passes === undefined) return step;
    const { norm: gradNorm, scale } = clipGradNorm(parameters, loop.clipGradNorm);
    if (!Number.isFinite(passes.loss)) throw diverged(step + 1, 'loss', passes.loss);
    if (!Number.isFinite(gradNorm)) throw diverged(step + 1, 'gradient norm', gradNorm);
    hooks.onUpdate?.();
    const isSkipped =
      skipSpikes !== undefined &&
      isSpike({ ...passes, gradNorm }[skipSpikes.options.of], skipSpikes.options, skipSpikes.state);
    if (!isSkipped) {
      autocast(dtype, () => optimizer.step(lr, scale));
      loop.ema?.update(step + 1);
    }
    trainable.zeroGrad();

    step++;
    const seconds = (performance.now() - start) / 1000;
    feed.took({ seconds, wait });
    hooks.onStep?.({ step, ...passes, lr, gradNorm, seconds, wait, isSkipped });
    isLast = clock.isOver(step);
    if (!(await finishStep(loop, step, isLast))) return step;
    await nextTurn(); // signals and timers get their turn
    if (signal?.aborted) return step;
  }
  return step;
}

interface Clock {
  /** Whether a run is over after this step. */
  isOver(step: number): boolean;
  /** The step that the schedule is asked for. */
  scheduled(step: number): number;
}

function clockOf({ steps, budget }: Pick<TrainLoop, 'steps' | 'budget'>): Clock {
  if (!budget) return { isOver: step => step >= steps, scheduled: step => step };
  const start = performance.now();
  const share = (): number => (budget.spent + (performance.now() - start) / 1000) / budget.seconds;
  return { isOver: () => share() >= 1, scheduled: () => Math.min(1, share()) * steps };
}

interface Passes {
  loss: number;
  terms: Record<string, number>;
  tokens: number;
}

/** The forward and backward passes of a step; undefined, and no gradients, when the signal stops it between them. */
async function accumulateGradients(loop: TrainLoop, examples: readonly unknown[][]): Promise<Passes | undefined> {
  const { trainable, objective, dtype, group = alone } = loop;
  const parts = microBatches(loop, examples);
  const means: { term: string; share: number; mean: Tensor }[] = [];
  try {
    const totals = totalCounts(parts, group);
    for (const [i, { batch, counts }] of parts.entries()) {
      if (i > 0) await nextTurn();
      if (loop.signal?.aborted) {
        trainable.zeroGrad();
        return undefined;
      }
      scope(() => {
        const found = trainable.run(() => autocast(dtype, () => objective.means(trainable.model, batch)));
        const weighted: Tensor[] = [];
        for (const [term, mean] of Object.entries(found)) {
          if (!counts[term]) continue;
          const share = counts[term] / totals[term];
          means.push({ term, share, mean: keep(mean.detach()) });
          const weight = (objective.weights[term] ?? 0) * share;
          if (weight !== 0) weighted.push(weight === 1 ? mean : mean.mul(weight));
        }
        if (weighted.length > 0) trainable.run(() => backward(weighted.reduce((a, b) => a.add(b))));
      });
    }
    // Read when all is queued: a GPU that waits to be asked has nothing to do meanwhile.
    const terms: Record<string, number> = {};
    for (const { term, share, mean } of means) terms[term] = (terms[term] ?? 0) + mean.item() * share;
    scope(() => group.sum(trainable.namedParameters().flatMap(([, { grad }]) => grad ?? [])));
    const names = Object.keys(totals);
    const sums = group.sumNumbers([...names.map(term => terms[term] ?? 0), ...parts.map(({ tokens }) => tokens)]);
    const loss = names.reduce((sum, term, i) => sum + (objective.weights[term] ?? 0) * sums[i], 0);
    const tokens = sums.slice(names.length).reduce((a, b) => a + b, 0);
    return { loss, terms: Object.fromEntries(names.map((term, i) => [term, sums[i]])), tokens };
  } finally {
    for (const { batch } of parts) dispose(batch);
    for (const { mean } of means) mean.dispose();
  }
}

interface MicroBatch {
  batch: unknown;
  counts: Counts;
  tokens: number;
}

/** All of a step before its first pass: the loss divides by what they count together. */
function microBatches({ objective, device, checkData }: TrainLoop, examples: readonly unknown[][]): MicroBatch[] {
  const parts = examples.map(part => {
    const batch = scope(() => keep(objective.batch(part, device)));
    const tokens = part.reduce((sum: number, example) => sum + objective.lengthOf(example), 0);
    return { batch, counts: objective.counts(batch), tokens };
  });
  checkData?.(); // the run can go on from the step before
  return parts;
}

/** The predictions of each term over all micro-batches and processes. */
function totalCounts(parts: readonly MicroBatch[], group: Group): Counts {
  const names = [...new Set(parts.flatMap(({ counts }) => Object.keys(counts)))];
  const sums = group.sumNumbers(names.map(term => parts.reduce((sum, { counts }) => sum + (counts[term] ?? 0), 0)));
  return Object.fromEntries(names.map((term, i) => [term, sums[i]]));
}

/** What follows a step. False when the signal stopped it. */
async function finishStep(loop: TrainLoop, done: number, isLast: boolean): Promise<boolean> {
  const { trainable, hooks, evaluations, signal } = loop;
  hooks.onStepDone?.(done, isLast);
  for (const { evaluation, every } of evaluations) {
    if (!isLast && !(every > 0 && done % every === 0)) continue;
    const estimates = await evaluation.run(trainable, signal);
    if (estimates === undefined) return false;
    const { value } = estimates[evaluation.metric];
    if (!Number.isFinite(value)) throw diverged(done, `${evaluation.name} ${evaluation.metric}`, value);
    hooks.onEvaluate?.(done, evaluation, estimates);
  }
  hooks.onStepEnd?.(done, isLast);
  return true;
}

/** What to throw when a quantity of a step is no longer a finite number. */
export const diverged = (step: number, what: string, value: number): UserError =>
  new UserError('TSLM_DIVERGED', `training diverged: the ${what} is ${value} at step ${step}`, {
    hint: 'lower optimizer.lr, lengthen the warmup, or try train.precision=float32; earlier checkpoints are intact',
  });
