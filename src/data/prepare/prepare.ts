/** From texts to a corpus directory, stage by stage. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically, writeJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import { writeFolder } from '../../support/write-folder.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { CORPUS_FORMAT, type CorpusIndex, dtypeFor } from '../corpus/corpus-index.ts';
import { tokenizerHash } from '../corpus/tokenizer-hash.ts';
import { splitInputs } from '../readers/inputs.ts';
import { dataCard } from './card.ts';
import { trainCorpusTokenizer } from './corpus-tokenizer.ts';
import { frameOf } from './document-frame.ts';
import { compareDocuments } from './near-duplicates.ts';
import { refuseOutput } from './output-folder.ts';
import { countKept, planSplits, warnOfEmptySplits } from './plan-splits.ts';
import { Preparation } from './preparation.ts';
import { type PrepareOptions, prepareOptionsSchema, refuseOptions, resolveDefaults } from './prepare-options.ts';
import { preprocessSteps, STOP_WORDS } from './preprocess/preprocess.ts';
import { readDocuments } from './read-documents.ts';
import type { PrepareReport } from './report.ts';
import { warnOfFiles, warnOfRemoved, warnOfSmallVocabulary, warnOfUnknown } from './warnings.ts';
import { writeSplits } from './write.ts';

/** The folder that was written, its index, and what was read, kept and removed. */
export interface PrepareResult {
  directory: string;
  index: CorpusIndex;
  report: PrepareReport;
}

/**
 * Reads, cleans, deduplicates, splits and tokenises texts, and writes a corpus directory. Documents stay in reading
 * order; test and validation inputs are read first, so that of two equal documents the one in training is removed. The
 * same inputs, options and seed give the same bytes, whatever the number of threads.
 *
 * @param inputs files, folders and globs
 * @throws UserError for inputs that cannot be read, a place that cannot be written, options that make no sense
 */
export async function prepare(inputs: readonly string[], options: PrepareOptions): Promise<PrepareResult> {
  const { onProgress, signal, ...given } = options;
  const resolved = resolveDefaults(parseOptions(prepareOptionsSchema, given, 'prepare'));
  refuseOptions(resolved);
  const { out, overwrite, validationInputs, testInputs } = resolved;
  const check = (): void => refuseOutput(out, [...inputs, ...validationInputs, ...testInputs], overwrite);
  check();
  const tokenizer = resolved.tokenizer === undefined ? undefined : Tokenizer.fromFile(resolved.tokenizer);
  if (tokenizer) frameOf(tokenizer, resolved);
  const files = await splitInputs(inputs, resolved);

  const write = async (folder: string): Promise<PrepareResult> => {
    const preparation = new Preparation(folder, files, resolved, { onProgress, signal });
    try {
      return await runStages(preparation, inputs, tokenizer);
    } finally {
      await preparation.close();
    }
  };
  return writeFolder(out, write, { replace: overwrite, check });
}

/** @param given the tokenizer; without it one is trained */
async function runStages(
  preparation: Preparation,
  inputs: readonly string[],
  given: Tokenizer | undefined,
): Promise<PrepareResult> {
  const { folder, options, report, pool } = preparation;
  const documents = await readDocuments(preparation);
  const duplicates = await compareDocuments(preparation, documents);
  const assignment = planSplits(preparation, duplicates);
  countKept(preparation, duplicates, assignment);
  const tokenizer = given ?? (await trainCorpusTokenizer(preparation, assignment));
  tokenizer.save(folder);

  const frame = frameOf(tokenizer, options);
  const dtype = dtypeFor(tokenizer.vocabSize);
  const splits = await writeSplits(assignment.documents(), pool, {
    folder,
    dtype,
    frame,
    shardTokens: options.shardTokens,
    sentences: options.sentences,
    onProgress: done => preparation.progress('tokenising', done, report.kept.bytes),
  });
  const { overwrite: _overwrite, threads: _threads, out: directory, seed, ...recorded } = options;
  const steps = preprocessingOf(preparation);
  const index: CorpusIndex = {
    format: CORPUS_FORMAT,
    vocab_size: tokenizer.vocabSize,
    dtype,
    prefix_token_ids: frame.before,
    eos_token_id: frame.after.at(-1) ?? null,
    tokenizer_sha256: tokenizerHash(folder),
    seed,
    options: { inputs, ...recorded, split: assignment.split },
    ...(steps.length > 0 && { preprocessing: steps }),
    splits,
  };
  warnOfFiles(report, options);
  warnOfRemoved(report);
  if (!given) warnOfSmallVocabulary(report, tokenizer.vocabSize, options);
  warnOfUnknown(report, splits);
  warnOfEmptySplits(preparation, splits);
  writeJson(join(folder, 'corpus.json'), index);
  writeFileAtomically(join(folder, 'README.md'), dataCard(index, report));
  rmSync(preparation.work, { recursive: true });
  return { directory, index, report };
}

/** What `corpus.json` says of preprocessing. */
function preprocessingOf({ preprocess, report }: Preparation): NonNullable<CorpusIndex['preprocessing']> {
  return preprocessSteps(preprocess).map(({ name }) => {
    const { documents, characters } = report.preprocessed[name] ?? { documents: 0, characters: 0 };
    const lists = preprocess.stopWords?.map(list => ({ ...list, words: list.words.length }));
    return { step: name, documents, characters, ...(name === STOP_WORDS && { lists }) };
  });
}
