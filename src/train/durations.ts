/** How long something lasts, or how often it comes: steps, as a number, or epochs: `1 epoch`, `0.5 epochs`. */
import { z } from 'zod';

const EPOCHS = /^(\d+(?:\.\d+)?)\s*epochs?$/;

/** Steps, or epochs above 0. */
export const interval = z.union([
  z.int().min(0),
  z
    .string()
    .regex(EPOCHS, 'steps are a number, epochs a number with a unit: 250, 1 epoch, 0.5 epochs')
    .refine(text => Number.parseFloat(text) > 0, 'epochs must be above 0'),
]);
export type Interval = z.output<typeof interval>;

/** The steps of an interval, 1 at least where it is above 0. */
export const stepsOf = (every: Interval, stepsPerEpoch: number): number =>
  typeof every === 'number' ? every : Math.max(1, Math.round(Number.parseFloat(every) * stepsPerEpoch));
