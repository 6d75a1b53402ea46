/** EDA for rows in files: variant k of row r is drawn from (seed, k, r). */
import type { Augmenter } from './augment-rows.ts';
import { type EdaOptions, edaTagged, edaText } from './eda.ts';
import { randomOfVariant } from './random.ts';

/** Of texts of other columns of the same row: as if of other variants. */
const COLUMN = 2 ** 16;

export function edaAugmenter({ seed, ...options }: EdaOptions & { seed: number }): Augmenter {
  return {
    texts: (text, count, { row, column }) =>
      Array.from({ length: count }, (_, k) => edaText(text, options, randomOfVariant(seed, column * COLUMN + k, row))),
    tagged: (sentence, count, row) =>
      Array.from({ length: count }, (_, k) => edaTagged(sentence, options, randomOfVariant(seed, k, row))),
  };
}
