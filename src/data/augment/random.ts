import { type Random, randomFor } from '../../support/random.ts';

/** The generator of one variant of a row. The first number is passed over: it hardly depends on the row. */
export function randomOfVariant(seed: number, variant: number, row: number): Random {
  const random = randomFor(seed, variant, row);
  random.next();
  return random;
}
