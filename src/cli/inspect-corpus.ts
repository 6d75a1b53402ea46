/** `tslm inspect CORPUS`: what lies in a corpus, as its index says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatCount } from '../support/format.ts';
import { printJson, printTable } from './print.ts';

export const isCorpus = (folder: string): boolean => existsSync(join(folder, 'corpus.json'));

export async function inspectCorpus(folder: string, { json }: { json?: boolean }): Promise<void> {
  const { openCorpus } = await import('../data/corpus/corpus.ts');
  const { index } = openCorpus(folder);
  if (json) return printJson({ folder, ...index });
  const splits = Object.entries(index.splits).map(([name, { documents, sentences, tokens, shards }]) => {
    const parts = sentences === undefined ? '' : `, ${sentences.toLocaleString('en')} sentences`;
    const files = `${shards.length} ${shards.length === 1 ? 'shard' : 'shards'}`;
    return [
      name,
      `${formatCount(tokens)} tokens, ${documents.toLocaleString('en')} documents${parts}, ${files}`,
    ] as const;
  });
  printTable([
    ...splits,
    ['vocabulary', `${index.vocab_size.toLocaleString('en')} tokens, stored as ${index.dtype}`],
    ...(index.preprocessing ?? []).map(
      ({ step, documents }) => [step, `changed in ${documents.toLocaleString('en')} documents`] as const,
    ),
  ]);
}
