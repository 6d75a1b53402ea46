/** A difference of shares, as terminals and cards show it. */
import type { Margin } from '../../evaluate/rows/row-scores.ts';

const points = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`;

/** `+4.8 points (+2.0 to +7.6)` */
export const marginText = ({ margin, interval }: Margin): string =>
  `${points(margin)} points (${interval.map(points).join(' to ')})`;
