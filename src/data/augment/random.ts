/** Random numbers of augmentation: a variant depends on its seed, number and row alone. */
import { type Random, randomFor } from '../../support/random.ts';

/** The generator of one variant of a row. */
export const randomOfVariant = (seed: number, variant: number, row: number): Random => randomFor(seed, variant, row);
