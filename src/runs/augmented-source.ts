/** `data.augment` of a recipe: where its synonyms come from, and the rows that are drawn with them. */
import { type AugmentOptions, augmentedRows } from '../data/augment/augmented-rows.ts';
import { requireSynonyms } from '../data/augment/eda.ts';
import { lexiconOf, readSynonyms } from '../data/augment/lexicon.ts';
import type { Dataset } from '../data/rows/dataset.ts';
import type { RowKind, Rows } from '../data/rows/rows.ts';
import { loadVectors } from '../vectors/storage.ts';
import { synonymsFromVectors } from '../vectors/synonyms.ts';
import type { Recipe } from './recipe-schema.ts';

export interface Augmentation {
  apply<Kind extends RowKind>(kind: Kind, rows: Dataset<Rows[Kind]>): Dataset<Rows[Kind]>;
  /** SHA-256 of the synonyms. */
  readonly fingerprint: string;
}

/** @throws UserError when operations need synonyms and the recipe names none */
export async function openAugmentation(
  { synonyms, vectors, alpha, operations, probability }: NonNullable<Recipe['data']['augment']>,
  seed: number,
): Promise<Augmentation> {
  const hint = 'name data.augment.synonyms or data.augment.vectors, or data.augment.operations=[swap, delete]';
  requireSynonyms(operations, synonyms !== undefined || vectors !== undefined, hint);
  const source =
    synonyms !== undefined
      ? readSynonyms(synonyms)
      : vectors !== undefined
        ? synonymsFromVectors(await loadVectors(vectors))
        : undefined;
  const lexicon = lexiconOf(source);
  const options: AugmentOptions = { seed, alpha, operations, probability, lexicon };
  return { apply: (kind, rows) => augmentedRows(kind, rows, options), fingerprint: lexicon.fingerprint };
}
