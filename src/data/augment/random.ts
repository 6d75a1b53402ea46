import { type Random, randomFor } from '../../support/random.ts';

/** The generator of one variant of a row. */
export const randomOfVariant = (seed: number, variant: number, row: number): Random => randomFor(seed, variant, row);
