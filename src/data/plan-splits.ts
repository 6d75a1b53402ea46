/** The third stage of `prepare`: which documents stay, which split each falls to, and whether every split gets some. */
import { UserError } from '../support/errors.ts';
import { type AssignOptions, assignSplits } from './assign.ts';
import { type CorpusIndex, SPLITS } from './corpus-index.ts';
import type { NearDuplicates } from './dedup/near.ts';
import type { Preparation } from './preparation.ts';
import { addRemoved } from './report.ts';

export function assignmentOf({ options, files }: Preparation, duplicates: NearDuplicates | undefined): AssignOptions {
  return {
    ...options,
    isDuplicate: document => duplicates?.isDuplicate(document) ?? false,
    source: source => ({
      split: files[source].split,
      cuttable: options.document === 'file' && ['text', 'code'].includes(files[source].format),
    }),
  };
}

/**
 * Counts what stays and what near-duplicates take away; gives the bytes of the training split.
 *
 * @throws UserError when nothing falls to the training split
 */
export function countKept({ spool, report }: Preparation, assign: AssignOptions): number {
  let document = 0;
  for (const { bytes } of spool.all()) {
    if (assign.isDuplicate(document++)) {
      addRemoved(report, 'near-duplicate', 1, bytes);
    } else {
      report.kept.documents++;
      report.kept.bytes += bytes;
    }
  }
  let trainBytes = 0;
  for (const { split, bytes } of assignSplits(spool, assign)) if (split === 'train') trainBytes += bytes;
  if (trainBytes > 0) return trainBytes;
  throw new UserError('TSLM_EMPTY_SPLIT', `none of the ${report.kept.documents} documents fell to the training split`, {
    hint: 'cut the text into more documents with --document paragraph, or split it with --split tail',
  });
}

export function warnOfEmptySplits({ options, report }: Preparation, splits: CorpusIndex['splits']): void {
  for (const name of SPLITS) {
    const wanted = name !== 'train' && options[name] > 0;
    if (!wanted || splits[name].documents > 0) continue;
    report.warnings.push(
      `no document fell to the ${name} split; --document paragraph makes more documents, --split tail cuts exactly`,
    );
  }
}
