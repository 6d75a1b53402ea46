/** The documents that two models were asked, each with itself. */
import { usageError } from '../../support/errors.ts';
import type { RecordedMetric, RecordedSample } from './recorded-run.ts';

export interface PairOptions {
  /** Compare the documents that both were asked where one was asked others as well. Default false: an error. */
  commonDocuments?: boolean;
  /** Compare although the prompts differ (templates, examples, chat). Default false: an error. */
  differentPrompts?: boolean;
}

export type Pair = readonly [a: RecordedSample, b: RecordedSample];

/**
 * @param where what is compared, for errors
 * @throws UserError when documents, targets or prompts are not the same and `options` do not allow it
 */
export function pairItems(
  a: RecordedMetric,
  b: RecordedMetric,
  where: string,
  { commonDocuments = false, differentPrompts = false }: PairOptions = {},
): Pair[] {
  // A document may be in the data twice: the second of one goes with the second of the other.
  const [one, other] = [byDocument(a.samples), byDocument(b.samples)];
  const common = [...one.keys()].filter(key => other.has(key));
  const alone = one.size + other.size - 2 * common.length;
  if (common.length === 0) {
    throw usageError(
      'TSLM_DIFFERENT_DATA',
      `${where}: the two were asked no document in common`,
      'evaluate both on the same data',
    );
  }
  if (alone > 0 && !commonDocuments) {
    throw usageError(
      'TSLM_DIFFERENT_DATA',
      `${where}: ${alone} documents were asked of one model alone, ${common.length} of both`,
      'evaluate both on the same data, or compare what they share with --common-documents',
    );
  }
  const pairs = common.map((key): Pair => [one.get(key)!, other.get(key)!]);
  const changed = pairs.find(([x, y]) => x.hashes.prompt !== y.hashes.prompt);
  if (changed && !differentPrompts) {
    throw usageError(
      'TSLM_DIFFERENT_PROMPTS',
      `${where}: the prompts of document ${changed[0].docId} differ`,
      'evaluate both with the same task file, examples and template, or allow it with --different-prompts',
    );
  }
  return pairs;
}

/** By hash of document and target, and how often the same came before. */
function byDocument(samples: readonly RecordedSample[]): Map<string, RecordedSample> {
  const found = new Map<string, RecordedSample>();
  for (const sample of [...samples].sort((x, y) => x.docId - y.docId)) {
    const key = `${sample.hashes.doc} ${sample.hashes.target}`;
    let times = 0;
    while (found.has(`${key} ${times}`)) times++;
    found.set(`${key} ${times}`, sample);
  }
  return found;
}
