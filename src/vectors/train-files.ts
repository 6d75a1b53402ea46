/** Trains word vectors on text files. */

import type { NewProvenance } from './storage.ts';
import type { VectorTrainingOptions } from './training/options.ts';
import { type ReadWordsOptions, readWords } from './training/read-words.ts';
import { trainVectors } from './training/train.ts';
import type { WordVectors } from './word-vectors.ts';

export interface StoredVectors {
  vectors: WordVectors;
  /** How often each word occurs in the text. */
  counts: number[];
  provenance: NewProvenance;
}

/**
 * @param paths text files in any encoding, packed or not; `-` is standard input
 * @param text how text becomes words
 * @param training see `VectorTrainingOptions`
 * @param hooks.onProgress called with the share of the training that is done
 * @throws UserError for files that cannot be read, text without enough words, and impossible options
 */
export async function trainVectorsOn(
  paths: readonly string[],
  text: ReadWordsOptions = {},
  training: VectorTrainingOptions = {},
  { onProgress }: { onProgress?: (share: number) => void } = {},
): Promise<StoredVectors> {
  const begin = performance.now();
  const encoded = await readWords(paths, text);
  const { vectors, losses, options } = await trainVectors(encoded, training, { onProgress });
  const { rule = 'unicode', lowercase = true, sentences = 'paragraph', minCount = 5, maxWords } = text;
  const provenance: NewProvenance = {
    source: [...paths],
    text: { rule, lowercase, sentences, minCount, ...(maxWords !== undefined && { maxWords }) },
    wordsRead: encoded.read,
    wordsKept: encoded.counts.reduce((sum, count) => sum + count, 0),
    training: options,
    losses,
    seconds: (performance.now() - begin) / 1000,
  };
  return { vectors, counts: encoded.counts, provenance };
}
