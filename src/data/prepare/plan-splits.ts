/** The third stage of `prepare`: which documents stay, which split each falls to, and whether every split gets some. */
import { UserError } from '../../support/errors.ts';
import { type CorpusIndex, SPLITS } from '../corpus/corpus-index.ts';
import { type AssignOptions, assignSplits } from './assign.ts';
import type { NearDuplicates } from './dedup/near.ts';
import type { Preparation } from './preparation.ts';
import { addRemoved } from './report.ts';

export function assignmentOf(
  { options, files }: Preparation,
  duplicates: NearDuplicates | undefined,
  split: AssignOptions['split'],
): AssignOptions {
  return {
    ...options,
    split,
    isDuplicate: document => duplicates?.isDuplicate(document) ?? false,
    source: source => ({
      split: files[source].split,
      cuttable: options.document === 'file' && ['text', 'code'].includes(files[source].format),
    }),
  };
}

/** How far a share may be missed, as a factor. */
const TOLERATED = 2;

/**
 * By hash, where each share of the text comes about; of a few documents, none or most may fall to a split, and then the
 * end of the text is held out.
 */
export function chooseSplit(preparation: Preparation, duplicates: NearDuplicates | undefined): AssignOptions['split'] {
  const { options, spool, report } = preparation;
  const assign = assignmentOf(preparation, duplicates, 'hash');
  const characters = { train: 0, validation: 0, test: 0 };
  for (const { split, characters: more } of assignSplits(spool, assign)) characters[split] += more;
  const total = characters.train + characters.validation + characters.test;
  const missed = SPLITS.filter(name => {
    if (name === 'train' || options[name] === 0) return false;
    const share = characters[name] / total;
    return share < options[name] / TOLERATED || share > options[name] * TOLERATED;
  });
  if (missed.length === 0) return 'hash';
  report.warnings.push(
    `the documents are so few that by hash the ${missed[0]} split would be ${percent(characters[missed[0]] / total)} of the text; the end of the text is held out instead (--split hash keeps documents whole)`,
  );
  return 'tail';
}

const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;

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
      `no document fell to the ${name} split; --document paragraph or line makes more documents, --split tail cuts exactly`,
    );
  }
}
