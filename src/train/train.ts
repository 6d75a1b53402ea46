/** Training in a few lines: the loop with defaults for everything but model, objective, rows and steps. */
import type { Dataset } from '../data/rows/dataset.ts';
import type { Model } from '../models/model.ts';
import { type StepMetrics, type TrainLoop, trainLoop } from './loop.ts';
import { adamW } from './optimizers/adamw.ts';
import { createSampler } from './sampler.ts';
import { createSchedule } from './schedules.ts';
import { wholeModel } from './trainable.ts';

type Defaulted = Pick<
  TrainLoop,
  | 'trainable'
  | 'sampler'
  | 'optimizer'
  | 'schedule'
  | 'seed'
  | 'startStep'
  | 'clipGradNorm'
  | 'dtype'
  | 'device'
  | 'evaluations'
  | 'hooks'
>;

/**
 * What is left out: all weights of the model are trained by AdamW with weight decay 0.1, at a learning rate that rises over a tenth of
 * the steps and falls to a tenth of `lr` along a cosine; in float32, on the processor, gradients clipped at 1, seed 0.
 */
export interface TrainModelOptions extends Omit<TrainLoop, keyof Defaulted>, Partial<Defaulted> {
  model: Model;
  /** Rows in a micro-batch. Default 16. */
  batchSize?: number;
  /** Highest learning rate. Default 1e-3. */
  lr?: number;
}

/**
 * Trains a model, which has its new weights afterwards.
 *
 * @returns the metrics of the last step; undefined when there was none
 * @throws UserError when training diverges, and for rows that are not what they should be
 */
export async function trainModel({
  model,
  batchSize = 16,
  lr = 1e-3,
  ...options
}: TrainModelOptions): Promise<StepMetrics | undefined> {
  const { objective, data, steps, seed = 0, gradientAccumulation: parts = 1, hooks = {} } = options;
  const trainable = options.trainable ?? wholeModel(model, objective.companions);
  const numWarmupSteps = Math.floor(steps / 10);
  const optimizer = options.optimizer ?? adamW(trainable.namedParameters(), { weightDecay: 0.1 });
  let last: StepMetrics | undefined;
  try {
    await trainLoop({
      sampler: createSampler({ length: data.length, seed, batchSize, parts }),
      schedule: createSchedule({
        name: 'cosine_with_min_lr',
        lr,
        numWarmupSteps,
        numTrainingSteps: steps,
        minLrRate: 0.1,
      }),
      startStep: 0,
      clipGradNorm: 1,
      dtype: 'float32',
      device: 'cpu',
      evaluations: [],
      ...options,
      trainable,
      optimizer,
      seed,
      hooks: {
        ...hooks,
        onStep(metrics) {
          last = metrics;
          hooks.onStep?.(metrics);
        },
      },
    });
  } finally {
    if (options.optimizer === undefined) optimizer.dispose();
    model.eval();
  }
  return last;
}

/** Rows that are in memory. */
export const datasetOf = <Row>(rows: readonly Row[]): Dataset<Row> => ({
  length: rows.length,
  row: index => rows[index],
  fingerprint: '',
});
