/** Options and opening of word vectors, for the commands of `tslm vectors`. */
import { Option } from 'commander';
import { createProgress } from '../../support/progress.ts';
import type { WordVectors } from '../../vectors/index.ts';
import { positiveInteger } from '../options.ts';

export const VECTORS_HELP =
  'folder made by `tslm vectors train`, or a file of word2vec, fastText (.vec) or GloVe (.gz and .zst too)';

export const limitOption = (): Option =>
  new Option('--limit <n>', 'read the first words alone, as a rule the most frequent ones').argParser(positiveInteger);

export const jsonOption = (): Option => new Option('--json', 'print the result as JSON');

/** Opens word vectors with progress on stderr: files of several gigabytes are usual. */
export async function openVectors(path: string, limit?: number): Promise<WordVectors> {
  const { loadVectors } = await import('../../vectors/index.ts');
  const progress = createProgress('reading', { unit: 'B' });
  let bytes = 0;
  const onBytes = (read: number): void => {
    bytes += read;
    progress.update(bytes);
  };
  try {
    return await loadVectors(path, { limit, onBytes });
  } finally {
    progress.end();
  }
}
