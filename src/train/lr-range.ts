/**
 * The learning-rate range test (Smith 2017, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186): the rate grows
 * exponentially from step to step, and where the loss falls fastest, and where it stops falling, say which rate to train with.
 */
import type { Schedule } from './schedules.ts';

export interface LrRangeOptions {
  /** First rate. Default 1e-7. */
  from?: number;
  /** Last rate, unless the loss ends the test before. Default 10. */
  to?: number;
  /** Steps between them. Default 100. */
  steps?: number;
}

/** A step of the test: its rate and the average of the loss. */
export interface LrPoint {
  lr: number;
  loss: number;
}

export interface LrRange {
  /** Each step with the exponential moving average of its loss, corrected for its beginning as Adam's moments are. */
  points: LrPoint[];
  /** Where the average falls fastest over log rate: a rate to begin with. */
  steepest: number;
  /** Where it is lowest: more than a tenth of that is rarely stable for a whole run. */
  lowest: number;
}

/** The rate of each step: a line in its logarithm. */
export const exponential = ({ from = 1e-7, to = 10, steps = 100 }: LrRangeOptions = {}): Schedule => {
  const ratio = to / from;
  return step => from * ratio ** (step / Math.max(1, steps - 1));
};

/** Share of the average that stays at each step. */
const DECAY = 0.9;
/** The test is over when the average is this many times the lowest so far, as in fastai. */
const BLOWN_UP = 4;
/** Steps of which the slope is taken. */
const SLOPE = 5;

/** Takes the losses of the steps one by one. */
export function lrRangeTest(): { add(point: LrPoint): void; isOver(): boolean; result(): LrRange | undefined } {
  const points: LrPoint[] = [];
  let mean = 0;
  let lowest = Number.POSITIVE_INFINITY;
  return {
    add({ lr, loss }) {
      mean = DECAY * mean + (1 - DECAY) * loss;
      const smooth = mean / (1 - DECAY ** (points.length + 1));
      points.push({ lr, loss: smooth });
      // The first steps, at rates that change nothing, only differ by their rows.
      lowest = Math.min(lowest, smooth);
    },
    isOver: () => points.length > 0 && points.at(-1)!.loss > BLOWN_UP * Math.max(lowest, 1e-9),
    result: () => (points.length < 2 * SLOPE ? undefined : rangeOf(points)),
  };
}

function rangeOf(points: LrPoint[]): LrRange {
  const bottom = points.reduce((best, { loss }, i) => (loss < points[best].loss ? i : best), 0);
  // The fall that counts is the one that leads to the lowest loss.
  let steepest = 0;
  let slope = Number.POSITIVE_INFINITY;
  for (let i = 0; i + SLOPE < points.length && i <= bottom; i++) {
    const [a, b] = [points[i], points[i + SLOPE]];
    const fall = (b.loss - a.loss) / Math.log(b.lr / a.lr);
    if (fall < slope) [slope, steepest] = [fall, i + (SLOPE >> 1)];
  }
  return { points, steepest: points[steepest].lr, lowest: points[bottom].lr };
}
