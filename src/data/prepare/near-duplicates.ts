/** The second stage of `prepare`: finds near-duplicates, the comparing done in the worker threads. */
import { findNearDuplicates, type NearDuplicates } from './dedup/near.ts';
import type { Preparation } from './preparation.ts';
import type { PrepareRequest } from './prepare-jobs.ts';
import type { DuplicateExample } from './report.ts';

/** Nothing when deduplication is off. Examples go to the report. */
export async function compareDocuments(
  preparation: Preparation,
  documents: number,
): Promise<NearDuplicates | undefined> {
  const { spool, options, bands, pool, report } = preparation;
  if (!bands) return undefined;
  preparation.progress('comparing');
  const duplicates = await findNearDuplicates(spool, {
    bands: bands.bands,
    documents,
    threshold: options.nearDedupThreshold,
    async *compare(pairs) {
      const requests = (function* (): Generator<PrepareRequest> {
        for (const batch of pairs) yield { kind: 'compare', pairs: batch };
      })();
      for await (const answer of pool.map(requests)) if (answer.kind === 'compare') yield answer.similarities;
    },
  });
  report.nearDuplicates = describeExamples(preparation, duplicates);
  return duplicates;
}

function describeExamples({ spool, report }: Preparation, { examples }: NearDuplicates): DuplicateExample[] {
  const describe = (document: number) => {
    const { offset, bytes, source, number } = spool.record(document);
    const text = spool.read(offset, Math.min(bytes, 400)).toString('utf8').slice(0, 100);
    return { path: report.sources[source].path, document: number + 1, text };
  };
  return examples.map(({ earlier, later, similarity }) => ({
    similarity,
    kept: describe(earlier),
    removed: describe(later),
  }));
}
