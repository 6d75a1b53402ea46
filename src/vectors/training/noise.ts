/**
 * Words drawn with the probability of their frequency to the power of 3/4: the noise of negative sampling (Mikolov et al. 2013,
 * 2.2), by Walker's alias method (Vose 1991), one step a word.
 */
import type { Random } from '../../support/random.ts';

export interface Noise {
  /** How likely a column gives its own word rather than its alias. */
  own: Float64Array;
  alias: Int32Array;
}

export function createNoise(counts: readonly number[], power = 0.75): Noise {
  const size = counts.length;
  const weights = counts.map(count => count ** power);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const own = Float64Array.from(weights, weight => (weight * size) / total);
  const alias = Int32Array.from(weights, (_, word) => word);
  const small: number[] = [];
  const large: number[] = [];
  for (const [word, share] of own.entries()) (share < 1 ? small : large).push(word);
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop()!, large.at(-1)!];
    alias[less] = more;
    own[more] -= 1 - own[less];
    if (own[more] < 1) small.push(large.pop()!);
  }
  // What rounding has left over is full.
  for (const word of [...small, ...large]) own[word] = 1;
  return { own, alias };
}

export function drawNoise({ own, alias }: Noise, random: Random): number {
  const word = random.below(own.length);
  return random.next() < own[word] ? word : alias[word];
}
