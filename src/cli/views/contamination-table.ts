/** Scores of documents that stand in the training corpus beside those of the others. */
import type { PartScore } from '../../evaluate/contamination/contamination.ts';
import type { Contamination } from '../../evaluate/harness/results.ts';
import { printRows } from '../print.ts';

export function printContamination({ corpora, tasks }: Contamination): void {
  const head = ['task', 'metric', 'clean', '', 'documents', 'in the corpus', '', 'documents'];
  const rows = tasks.flatMap(({ task, scores }) =>
    Object.entries(scores).map(([key, { clean, dirty }]) => [
      task,
      key.replace(/,none$/, ''),
      ...cells(clean),
      ...cells(dirty),
    ]),
  );
  const ngram = tasks[0]?.ngram ?? 13;
  process.stdout.write(`\nDocuments that share ${ngram} words in a row with ${corpora.join(', ')}:\n`);
  printRows([head, ...rows], { right: [2, 4, 5, 7] });
  const short = tasks.filter(({ tooShort }) => tooShort > 0);
  for (const { task, tooShort, documents } of short) {
    process.stdout.write(`${task}: ${tooShort} of ${documents} documents are too short to tell, and count as clean\n`);
  }
}

const cells = (part: PartScore | undefined): [string, string, string] =>
  part === undefined
    ? ['–', '', '0']
    : [part.value.toFixed(4), part.stderr === 'N/A' ? '' : `± ${part.stderr.toFixed(4)}`, String(part.documents)];
