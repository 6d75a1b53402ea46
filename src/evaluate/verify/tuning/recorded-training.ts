/** Steps as Transformers' `Trainer` takes them on rows in order, through the training loop. */
import { z } from 'zod';
import type { Model } from '../../../models/model.ts';
import { type StepMetrics, trainLoop } from '../../../train/loop.ts';
import { createOptimizer, optimizerSchema } from '../../../train/optimizers/optimizers.ts';
import { createSchedule } from '../../../train/schedules.ts';
import { wholeModel } from '../../../train/trainable.ts';
import { objectiveFor, type RecordedRow } from './recorded-rows.ts';

export const argsSchema = z.strictObject({
  learning_rate: z.number(),
  weight_decay: z.number(),
  max_grad_norm: z.number(),
  lr_scheduler_type: z.string(),
  warmup_steps: z.int(),
  max_steps: z.int(),
  per_device_train_batch_size: z.int(),
  gradient_accumulation_steps: z.int().default(1),
  num_train_epochs: z.number().optional(),
  label_smoothing_factor: z.number().default(0),
});
export type TrainerArgs = z.output<typeof argsSchema>;

/** Changes the model's weights. */
export async function trainAsRecorded(
  model: Model,
  rows: readonly RecordedRow[],
  args: TrainerArgs,
  { layerDecay }: { layerDecay?: number } = {},
): Promise<StepMetrics[]> {
  const objective = objectiveFor(model, args.label_smoothing_factor);
  const trainable = wholeModel(model);
  const { learning_rate: lr, weight_decay: weightDecay, max_steps: steps } = args;
  const options = optimizerSchema.parse({ name: 'adamw', lr, betas: [0.9, 0.999], eps: 1e-8, weightDecay, layerDecay });
  const optimizer = createOptimizer(trainable.namedParameters(), options, trainable);
  const schedule = createSchedule({
    name: args.lr_scheduler_type as 'linear',
    lr,
    numWarmupSteps: args.warmup_steps,
    numTrainingSteps: steps,
  });
  const windows = windowsOf(rows.length, args);
  const metrics: StepMetrics[] = [];
  for (let step = 0; step < steps; step++) {
    // An epoch may end with fewer micro-batches than others have, so each step is a loop of its own.
    const window = windows[step % windows.length];
    await trainLoop({
      trainable,
      objective,
      data: { length: rows.length, row: index => rows[index], fingerprint: '' },
      sampler: { batch: (_, part) => window[part].map(index => ({ index, epoch: 0 })) },
      seed: 0,
      optimizer,
      schedule,
      startStep: step,
      steps: step + 1,
      gradientAccumulation: window.length,
      clipGradNorm: args.max_grad_norm,
      dtype: 'float32',
      device: 'cpu',
      evaluations: [],
      hooks: { onStep: one => metrics.push(one) },
    });
  }
  optimizer.dispose();
  model.eval();
  return metrics;
}

/** The rows of each micro-batch of each step of an epoch. */
function windowsOf(
  length: number,
  { per_device_train_batch_size: size, gradient_accumulation_steps: parts }: TrainerArgs,
): number[][][] {
  const inParts = <Item>(items: readonly Item[], count: number): Item[][] =>
    Array.from({ length: Math.ceil(items.length / count) }, (_, i) => items.slice(i * count, (i + 1) * count));
  return inParts(inParts([...Array(length).keys()], size), parts);
}
