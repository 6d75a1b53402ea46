/** How many items are needed to detect a difference, and which difference a number of items can detect. */
import { normalQuantile } from './distributions.ts';

export interface Power {
  /** Standard deviation of the differences of one item. */
  deviation: number;
  /** Chance of finding a difference where there is none. Default 0.05. */
  alpha?: number;
  /** Chance of finding one that is there. Default 0.8. */
  power?: number;
}

const quantiles = ({ alpha = 0.05, power = 0.8 }: Power): number =>
  normalQuantile(1 - alpha / 2) + normalQuantile(power);

/** Not rounded. */
export const itemsFor = (effect: number, options: Power): number =>
  ((quantiles(options) * options.deviation) / effect) ** 2;

/** The minimum detectable effect. */
export const detectableEffect = (n: number, options: Power): number =>
  (quantiles(options) * options.deviation) / Math.sqrt(n);
