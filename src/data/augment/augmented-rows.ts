/** Rows that are another variant in each epoch. */
import { usageError } from '../../support/errors.ts';
import type { Random } from '../../support/random.ts';
import type { Dataset } from '../rows/dataset.ts';
import type { RowKind, Rows } from '../rows/rows.ts';
import { type EdaOptions, edaTagged, edaText } from './eda.ts';
import { randomOfVariant } from './random.ts';

export interface AugmentOptions extends EdaOptions {
  seed: number;
  /** How often a row is a variant of itself. Default 0.9: nine of ten, as with nine variants beside each row. */
  probability?: number;
}

/**
 * What may say the same in other words. Of a translation that is its source; of a triplet the anchor; of a question about a text
 * the question, since answers are places of the text.
 */
const COLUMNS: Partial<Record<RowKind, readonly string[]>> = {
  text: ['text'],
  labelled: ['text', 'pair'],
  translation: ['source'],
  triplet: ['anchor'],
  reading: ['question'],
};

/** So that what is drawn here has nothing to do with what an objective draws for the same row. */
const STREAM = 0x656461;

/**
 * The rows of a kind, each drawn anew from (seed, epoch, number).
 *
 * @throws UserError for a kind of rows that has no text
 */
export function augmentedRows<Kind extends RowKind>(
  kind: Kind,
  rows: Dataset<Rows[Kind]>,
  { seed, probability = 0.9, ...options }: AugmentOptions,
): Dataset<Rows[Kind]> {
  const variantOf = variantsOf(kind, options);
  return {
    ...rows,
    row(index, epoch = 0) {
      const row = rows.row(index, epoch);
      const random = randomOfVariant(seed + STREAM, epoch, index);
      return random.next() < probability ? variantOf(row, random) : row;
    },
  };
}

function variantsOf<Kind extends RowKind>(
  kind: Kind,
  options: EdaOptions,
): (row: Rows[Kind], random: Random) => Rows[Kind] {
  if (kind === 'tagged') {
    return (row, random) => ({ ...row, ...edaTagged(row as Rows['tagged'], options, random) });
  }
  const columns = COLUMNS[kind];
  if (!columns) {
    throw usageError(
      'TSLM_NO_TEXT',
      `data.augment: rows of the kind '${kind}' have no text to augment`,
      `leave it out; rows that have one are ${[...Object.keys(COLUMNS), 'tagged'].join(', ')}`,
    );
  }
  return (row, random) => {
    const variant: Record<string, unknown> = { ...row };
    for (const column of columns) {
      if (typeof variant[column] === 'string') variant[column] = edaText(variant[column], options, random);
    }
    return variant as Rows[Kind];
  };
}
