/** What a person should be told at the end of `prepare`, because it is seldom meant. */
import { type CorpusIndex, SPLITS } from '../corpus/corpus-index.ts';
import type { PrepareReport } from './report.ts';

/** Less than this share of the text is not worth a word. */
const WORTH_TELLING = 0.01;
/** Files that are named. */
const NAMED = 5;

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;

/** Files that were not read to their end, and bytes that were no characters. */
export function warnOfFiles(report: PrepareReport, { clean }: { clean: boolean }): void {
  const failed = report.sources.filter(({ failure }) => failure);
  if (failed.length > 0) {
    const named = failed.slice(0, NAMED).map(({ failure }) => failure!.message);
    const more = failed.length > NAMED ? '; …' : '';
    const hint = failed.find(({ failure }) => failure?.hint)?.failure?.hint;
    report.warnings.push(
      `${failed.length} of ${report.sources.length} files could not be read, or not to the end: ${named.join('; ')}${more}${hint ? ` (${hint})` : ''}`,
    );
  }
  const damaged = report.sources.filter(({ encoding }) => encoding && encoding.damaged > 0);
  if (damaged.length === 0) return;
  const characters = damaged.reduce((sum, { encoding }) => sum + encoding!.damaged, 0);
  const named = damaged.slice(0, NAMED).map(({ path, encoding }) => `${path} (${encoding!.damaged})`);
  report.warnings.push(
    `${characters} damaged characters are not UTF-8 and were ${clean ? 'left out' : 'replaced with U+FFFD'}: ${named.join(', ')}${damaged.length > NAMED ? ', …' : ''}`,
  );
}

/** What cleaning and deduplication took away. */
export function warnOfRemoved(report: PrepareReport): void {
  const { read, removed } = report;
  const reasons = Object.entries(removed).filter(([, { bytes }]) => bytes > 0);
  const share = reasons.reduce((sum, [, { bytes }]) => sum + bytes, 0) / Math.max(1, read.bytes);
  if (share <= WORTH_TELLING) return;
  const listed = reasons
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([reason, { documents, bytes }]) => `${documents} ${reason} (${percent(bytes / read.bytes)})`);
  report.warnings.push(`${percent(share)} of the text was removed: ${listed.join(', ')}`);
}

/** What the tokenizer does not know: a model can neither read nor write it. */
export function warnOfUnknown(report: PrepareReport, splits: CorpusIndex['splits']): void {
  const all = SPLITS.map(name => splits[name]);
  const bytes = all.reduce((sum, split) => sum + split.bytes, 0);
  const unknown = all.reduce((sum, split) => sum + split.unknown.bytes, 0);
  if (unknown === 0) return;
  const tokens = all.reduce((sum, split) => sum + split.unknown.tokens, 0);
  const remedy = unknown > bytes * WORTH_TELLING ? '; choose a tokenizer that knows this text, or train one' : '';
  const share = unknown / bytes;
  report.warnings.push(
    `${share < 0.001 ? 'less than 0.1%' : percent(share)} of the text is unknown to the tokenizer (${tokens} unknown tokens)${remedy}`,
  );
}

/** Training ends early where the text has no more pairs, words or characters to give. */
export function warnOfSmallVocabulary(
  report: PrepareReport,
  vocabSize: number,
  { tokenizerKind, vocabSize: asked }: { tokenizerKind: string; vocabSize: number },
): void {
  // A tokenizer of characters is as large as the alphabet.
  if (vocabSize >= asked || tokenizerKind === 'char') return;
  report.warnings.push(`the text gives a vocabulary of ${vocabSize} tokens; ${asked} were asked for`);
}
