/**
 * Learning-rate schedules under Hugging Face's names, with its formulas and defaults (transformers, `get_scheduler`):
 * the learning rate as a pure function of the optimizer step, counted from 0. Nothing has to be stored to resume.
 */
import { z } from 'zod';
import { usageError } from '../support/errors.ts';
import { nearest } from '../support/nearest.ts';
import { parseOptions } from '../support/schema.ts';

/** The learning rate of an optimizer step. */
export type Schedule = (step: number) => number;

const steps = z.int().nonnegative();
const learningRate = z.number().nonnegative();
const ratio = z.number().min(0).max(1);
const shape = z.enum(['linear', 'cosine', '1-sqrt']);

/** Every schedule may be told how long the run is, whether or not its formula asks. */
const peak = { lr: learningRate, numTrainingSteps: z.int().positive().optional() };
const warmup = { ...peak, numWarmupSteps: steps.default(0) };
const decay = { ...warmup, numTrainingSteps: z.int().positive() };

/** A schedule: its options, and the factor of `lr` at a step. */
const schedule = <Shape extends z.ZodRawShape>(
  options: Shape,
  factor: (options: z.output<z.ZodObject<Shape>>) => Schedule,
) => ({ options: z.strictObject({ name: z.string(), ...options }), factor: factor as (options: never) => Schedule });

const schedules = {
  /** `lr` throughout. */
  constant: schedule(peak, () => () => 1),

  /** Up to `lr` in a line, then constant. */
  constant_with_warmup: schedule(warmup, options => afterWarmup(options, () => 1)),

  /** Down to 0 in a line. */
  linear: schedule(decay, options =>
    afterWarmup(options, step => Math.max(0, (options.numTrainingSteps - step) / decaySteps(options))),
  ),

  /** Down to 0 along `numCycles` waves of a cosine; default half a wave. */
  cosine: schedule({ ...decay, numCycles: z.number().positive().default(0.5) }, options =>
    afterWarmup(options, step => wave(options.numCycles * progress(options, step))),
  ),

  /** `numCycles` half waves of a cosine from `lr` to 0; default 1 (SGDR, Loshchilov & Hutter 2016, arXiv:1608.03983). */
  cosine_with_restarts: schedule({ ...decay, numCycles: z.number().positive().default(1) }, options =>
    afterWarmup(options, step => {
      const done = progress(options, step);
      return done >= 1 ? 0 : wave(((options.numCycles * done) % 1) / 2);
    }),
  ),

  /** `cosine`, down to `minLr` or to `minLrRate` times `lr`. */
  cosine_with_min_lr: schedule(
    {
      ...decay,
      numCycles: z.number().positive().default(0.5),
      minLr: learningRate.optional(),
      minLrRate: ratio.optional(),
    },
    options => {
      if ((options.minLr === undefined) === (options.minLrRate === undefined)) {
        throw usageError(
          'TSLM_CONTRADICTION',
          "schedule 'cosine_with_min_lr' needs one of 'minLr' and 'minLrRate'",
          'for example minLrRate: 0.1',
        );
      }
      const lowest = options.minLrRate ?? options.minLr! / options.lr;
      return afterWarmup(options, step => between(lowest, wave(options.numCycles * progress(options, step))));
    },
  ),

  /** Down to `lrEnd` along (1 − t)^`power`. */
  polynomial: schedule(
    { ...decay, lrEnd: learningRate.default(1e-7), power: z.number().positive().default(1) },
    options => {
      if (options.lrEnd >= options.lr) {
        throw usageError(
          'TSLM_BAD_VALUE',
          `schedule 'polynomial': lrEnd (${options.lrEnd}) must be below lr (${options.lr})`,
        );
      }
      const lowest = options.lrEnd / options.lr;
      return afterWarmup(options, step => between(lowest, (1 - Math.min(1, progress(options, step))) ** options.power));
    },
  ),

  /** 1/√step after the warmup; `timescale` defaults to the warmup (Vaswani et al. 2017, arXiv:1706.03762). */
  inverse_sqrt: schedule({ ...warmup, timescale: z.int().positive().optional() }, options => {
    const timescale = options.timescale ?? (options.numWarmupSteps || 10_000);
    return afterWarmup(options, step => 1 / Math.sqrt((step + timescale - options.numWarmupSteps) / timescale));
  }),

  /**
   * Up, level, and down at the end (MiniCPM, Hu et al. 2024, arXiv:2404.06395). The level part is as long as the other
   * steps leave it, or `numStableSteps`; the ends are `minLrRatio` times `lr`.
   */
  warmup_stable_decay: schedule(
    {
      ...warmup,
      numStableSteps: steps.optional(),
      numDecaySteps: steps,
      warmupType: shape.default('linear'),
      decayType: shape.default('cosine'),
      minLrRatio: ratio.default(0),
      numCycles: z.number().positive().default(0.5),
    },
    options => {
      const { numWarmupSteps, numTrainingSteps, numDecaySteps, minLrRatio } = options;
      const stable = options.numStableSteps ?? (numTrainingSteps ?? Number.NaN) - numWarmupSteps - numDecaySteps;
      if (Number.isNaN(stable)) {
        throw usageError(
          'TSLM_BAD_VALUE',
          "schedule 'warmup_stable_decay' needs 'numTrainingSteps' or 'numStableSteps'",
        );
      }
      if (stable < 0 || numWarmupSteps + stable + numDecaySteps > (numTrainingSteps ?? Number.POSITIVE_INFINITY)) {
        throw usageError(
          'TSLM_BAD_VALUE',
          `schedule 'warmup_stable_decay': its parts are longer than the ${numTrainingSteps} steps of training`,
          'shorten numWarmupSteps, numStableSteps or numDecaySteps',
        );
      }
      const decayStart = numWarmupSteps + stable;
      return step => {
        if (step < numWarmupSteps) {
          return between(minLrRatio, FALL[options.warmupType](1 - step / numWarmupSteps, 0.5));
        }
        if (step < decayStart) return 1;
        if (step >= decayStart + numDecaySteps) return minLrRatio;
        return between(minLrRatio, FALL[options.decayType]((step - decayStart) / numDecaySteps, options.numCycles));
      };
    },
  ),
};

/** The name of a schedule. */
export type ScheduleName = keyof typeof schedules;

/** The names of the schedules, as in Hugging Face's `lr_scheduler_type`. */
export const scheduleNames = Object.keys(schedules) as ScheduleName[];

/** Options of the schedule `Name`. */
export type ScheduleOptions = {
  [Name in ScheduleName]: { name: Name } & Omit<z.input<(typeof schedules)[Name]['options']>, 'name'>;
}[ScheduleName];

/**
 * Makes a schedule. `lr` is the highest learning rate.
 * Throws a usage error for an unknown name, an option that the schedule does not have, and values that do not fit.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { name } = options;
  if (!Object.hasOwn(schedules, name)) {
    const guess = nearest(String(name), scheduleNames);
    throw usageError(
      'TSLM_BAD_VALUE',
      `unknown schedule '${name}'`,
      guess === undefined ? `known schedules: ${scheduleNames.join(', ')}` : `did you mean '${guess}'?`,
    );
  }
  const parsed = parseOptions(schedules[name].options as z.ZodType<{ lr: number }>, options, `schedule '${name}'`);
  const factor = schedules[name].factor(parsed as never);
  return step => parsed.lr * factor(step);
}

interface DecayOptions {
  numWarmupSteps: number;
  numTrainingSteps: number;
}

/** A line from 0 to 1 over the warmup, then `factor`. */
const afterWarmup =
  ({ numWarmupSteps }: { numWarmupSteps: number }, factor: Schedule): Schedule =>
  step =>
    step < numWarmupSteps ? step / numWarmupSteps : factor(step);

const decaySteps = ({ numWarmupSteps, numTrainingSteps }: DecayOptions): number =>
  Math.max(1, numTrainingSteps - numWarmupSteps);

/** How much of the time after the warmup is over. */
const progress = (options: DecayOptions, step: number): number => (step - options.numWarmupSteps) / decaySteps(options);

/** A cosine from 1 to 0 and back over t from 0 to 1. */
const wave = (t: number): number => Math.max(0, 0.5 * (1 + Math.cos(2 * Math.PI * t)));

const between = (lowest: number, part: number): number => lowest + (1 - lowest) * part;

/** From 1 at t = 0 to 0 at t = 1. */
const FALL = {
  linear: (t: number): number => 1 - t,
  cosine: (t: number, numCycles: number): number => wave(numCycles * t),
  '1-sqrt': (t: number): number => 1 - Math.sqrt(t),
};
