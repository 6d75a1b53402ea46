/** The third stage of `prepare`: which documents stay, which split each falls to, and whether every split gets some. */
import { UserError } from '../../support/errors.ts';
import { type CorpusIndex, SPLITS, type SplitName } from '../corpus/corpus-index.ts';
import { type Assignment, assignSplits } from './assign.ts';
import type { NearDuplicates } from './dedup/near.ts';
import type { Preparation } from './preparation.ts';
import { addRemoved } from './report.ts';

/** How far a share may be missed, as a factor. */
const TOLERATED = 2;

/**
 * With `auto` by hash, where each share of the text comes about; of a few documents, none or most may fall to a split, and
 * then the end of the text is held out.
 */
export function planSplits(preparation: Preparation, duplicates: NearDuplicates | undefined): Assignment {
  const { options, files, spool, report } = preparation;
  const assignBy = (split: Assignment['split']): Assignment =>
    assignSplits(spool, {
      ...options,
      split,
      isDuplicate: document => duplicates?.isDuplicate(document) ?? false,
      source: source => ({
        split: files[source].split,
        cuttable: options.document === 'file' && ['text', 'code'].includes(files[source].format),
      }),
    });
  if (options.split !== 'auto') return assignBy(options.split);
  const byHash = assignBy('hash');
  const { sizes } = byHash;
  const total = SPLITS.reduce((sum, name) => sum + sizes[name].characters, 0);
  const shareOf = (name: SplitName): number => sizes[name].characters / total;
  const missed = SPLITS.find(
    name =>
      name !== 'train' &&
      options[name] !== 0 &&
      (shareOf(name) < options[name] / TOLERATED || shareOf(name) > options[name] * TOLERATED),
  );
  if (!missed) return byHash;
  report.warnings.push(
    `the documents are so few that by hash the ${missed} split would be ${percent(shareOf(missed))} of the text; the end of the text is held out instead (--split hash keeps documents whole)`,
  );
  return assignBy('tail');
}

const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;

/**
 * Counts what stays and what near-duplicates take away.
 *
 * @throws UserError when nothing falls to the training split
 */
export function countKept(
  { spool, report }: Preparation,
  duplicates: NearDuplicates | undefined,
  { sizes }: Assignment,
): void {
  let document = 0;
  for (const { bytes } of spool.all()) {
    if (duplicates?.isDuplicate(document++)) {
      addRemoved(report, 'near-duplicate', 1, bytes);
    } else {
      report.kept.documents++;
      report.kept.bytes += bytes;
    }
  }
  if (sizes.train.bytes > 0) return;
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
