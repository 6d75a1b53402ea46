/** The normal distribution between two bounds, of which one may lie far out: probabilities, densities and draws. */
import { normalTail } from '../statistics/distributions.ts';

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** Probability between two values of a standard normal variable; on the right it is counted from the other end, where it is not lost. */
export const normalBetween = (from: number, to: number): number =>
  from > 0 ? normalTail(from) - normalTail(to) : normalTail(-to) - normalTail(-from);

/** ln of the density of a standard normal variable. */
export const logDensity = (z: number): number => -0.5 * z * z - LOG_SQRT_2PI;

/**
 * The z between `from` and `to` below which the share `unit` of what lies between them is, by Newton's steps that never leave a
 * bracket.
 */
export function truncatedQuantile(unit: number, from: number, to: number): number {
  // From the side where probabilities are small and exact.
  if (from > 0) return -truncatedQuantile(1 - unit, -to, -from);
  const begin = normalTail(-from);
  const target = begin + unit * normalBetween(from, to);
  let [low, high] = [from, to];
  let z = Math.min(high, Math.max(low, 0));
  for (let i = 0; i < 60; i++) {
    const error = normalTail(-z) - target;
    if (error > 0) high = z;
    else low = z;
    const step = error / Math.exp(logDensity(z));
    const next = z - step;
    const isInside = next > low && next < high;
    const moved = isInside ? next : (low + high) / 2;
    if (Math.abs(moved - z) < 1e-12 * (1 + Math.abs(z))) return moved;
    z = moved;
  }
  return z;
}
