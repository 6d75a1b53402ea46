/** The first stage: from texts to a corpus directory. */
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { UserError, usageError } from '../support/errors.ts';
import { writeFileAtomically, writeJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import { startWorker } from '../support/workers.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { trainTokenizer } from '../tokenizers/training/train.ts';
import { type AssignOptions, assignSplits } from './assign.ts';
import { dataCard } from './card.ts';
import { Collector, examineRequests } from './collect.ts';
import { CORPUS_FORMAT, type CorpusIndex, dtypeFor, SPLITS } from './corpus-index.ts';
import { bandsFor } from './dedup/minhash.ts';
import { findNearDuplicates, type NearDuplicates } from './dedup/near.ts';
import { refuseOutput, writeFolderAtomically } from './output-folder.ts';
import type { PrepareAnswer, PrepareRequest, PrepareWorkerOptions } from './prepare-jobs.ts';
import { type PrepareOptions, prepareOptionsSchema, type ResolvedOptions, resolveDefaults } from './prepare-options.ts';
import type { ProgressListener } from './progress-listener.ts';
import { refuseBadFile } from './readers/facts.ts';
import { type InputFile, splitInputs } from './readers/inputs.ts';
import { readChunks } from './readers/read.ts';
import { addRemoved, type DuplicateExample, newReport, type PrepareReport } from './report.ts';
import { SpoolReader, SpoolWriter } from './spool.ts';
import { tokenizerHash } from './tokenizer-hash.ts';
import { sampleTrainingText } from './tokenizer-sample.ts';
import { WorkerPool } from './worker-pool.ts';
import { writeSplits } from './write.ts';

export interface PrepareResult {
  directory: string;
  index: CorpusIndex;
  report: PrepareReport;
}

type Pool = WorkerPool<PrepareRequest, PrepareAnswer>;

/**
 * Reads, cleans, deduplicates, splits and tokenises texts, and writes a corpus directory. Documents stay in reading
 * order; test and validation inputs are read first, so that of two equal documents the one in training is removed. The
 * same inputs, options and seed give the same bytes, whatever the number of threads.
 *
 * @param inputs files, folders and globs
 * @throws UserError for inputs that cannot be read, a place that cannot be written, options that make no sense
 */
export async function prepare(inputs: readonly string[], options: PrepareOptions): Promise<PrepareResult> {
  const { onProgress = () => {}, signal, ...given } = options;
  const resolved = resolveDefaults(parseOptions(prepareOptionsSchema, given, 'prepare'));
  refuseOptions(resolved);
  refuseOutput(resolved.out, [...inputs, ...resolved.validationInputs, ...resolved.testInputs], resolved.overwrite);
  const tokenizer = resolved.tokenizer === undefined ? undefined : Tokenizer.fromFile(resolved.tokenizer);
  if (tokenizer) eosOf(tokenizer, resolved);
  const files = await splitInputs(inputs, resolved);

  return writeFolderAtomically(resolved.out, async folder => {
    const preparation = new Preparation(folder, resolved, files, onProgress, signal);
    try {
      return await preparation.run(inputs, tokenizer);
    } finally {
      await preparation.close();
    }
  });
}

function refuseOptions({ validation, test, validationInputs, testInputs, encoding }: ResolvedOptions): void {
  if (validation + test >= 1) {
    throw usageError('TSLM_BAD_VALUE', `validation ${validation} and test ${test} leave nothing for training`);
  }
  if ((validationInputs.length > 0 && validation > 0) || (testInputs.length > 0 && test > 0)) {
    const hint = 'give a share or the inputs of a split, not both';
    throw usageError('TSLM_BAD_VALUE', 'a split is given both as inputs and as a share', hint);
  }
  try {
    new TextDecoder(encoding);
  } catch {
    throw usageError('TSLM_BAD_VALUE', `unknown encoding '${encoding}'`, 'for example utf-8, gb18030, big5, latin1');
  }
}

/** The token that ends documents. */
function eosOf(tokenizer: Tokenizer, { eos, tokenizer: path }: ResolvedOptions): number | null {
  if (!eos) return null;
  if (tokenizer.eosTokenId !== undefined) return tokenizer.eosTokenId;
  throw new UserError('TSLM_NO_EOS', `${path}: the tokenizer has no EOS token to end documents with`, {
    hint: 'name one in tokenizer_config.json (eos_token), or prepare with --no-eos',
  });
}

/** The stages, one method each, over a folder that is not yet in its place. */
class Preparation {
  private readonly folder: string;
  private readonly work: string;
  private readonly options: ResolvedOptions;
  private readonly files: InputFile[];
  private readonly onProgress: ProgressListener;
  private readonly signal: AbortSignal | undefined;
  private readonly report: PrepareReport;
  private readonly threads: number;
  private readonly bands: PrepareWorkerOptions['examine']['bands'];
  private readonly pool: Pool;
  private spool: SpoolReader | undefined;

  constructor(
    folder: string,
    options: ResolvedOptions,
    files: InputFile[],
    onProgress: ProgressListener,
    signal: AbortSignal | undefined,
  ) {
    this.folder = folder;
    this.work = join(folder, 'work');
    mkdirSync(this.work);
    this.options = options;
    this.files = files;
    this.onProgress = onProgress;
    this.signal = signal;
    this.report = newReport(files);
    this.threads = options.threads ?? availableParallelism();
    this.bands = options.dedup ? bandsFor(options.nearDedupThreshold) : undefined;
    const workerData: PrepareWorkerOptions = {
      examine: {
        ...options,
        maxCharacters: options.maxCharacters ?? Number.POSITIVE_INFINITY,
        exact: !options.clean,
        bands: this.bands,
      },
      spoolFolder: this.work,
      tokenizerFolder: folder,
    };
    this.pool = new WorkerPool(this.threads, () => startWorker(import.meta.url, './prepare-worker', { workerData }));
  }

  async run(inputs: readonly string[], given: Tokenizer | undefined): Promise<PrepareResult> {
    const documents = await this.collect();
    const spool = new SpoolReader(this.work);
    this.spool = spool;
    const duplicates = await this.findDuplicates(spool, documents);
    const assign = this.assignment(duplicates);
    const trainBytes = this.count(spool, assign);
    const tokenizer = given ?? (await this.trainTokenizer(spool, assign, trainBytes));
    tokenizer.save(this.folder);

    const eos = eosOf(tokenizer, this.options);
    const dtype = dtypeFor(tokenizer.vocabSize);
    const total = this.report.kept.bytes;
    const splits = await writeSplits(assignSplits(spool, assign), this.pool, {
      folder: this.folder,
      dtype,
      eos,
      shardTokens: this.options.shardTokens,
      onProgress: done => this.progress('tokenising', done, total),
    });
    const { overwrite: _overwrite, threads: _threads, out: _out, seed, ...recorded } = this.options;
    const index: CorpusIndex = {
      format: CORPUS_FORMAT,
      vocab_size: tokenizer.vocabSize,
      dtype,
      eos_token_id: eos,
      tokenizer_sha256: tokenizerHash(this.folder),
      seed,
      options: { inputs, ...recorded },
      splits,
    };
    this.warnOfEmptySplits(index);
    writeJson(join(this.folder, 'corpus.json'), index);
    writeFileAtomically(join(this.folder, 'README.md'), dataCard(index, this.report));
    rmSync(this.work, { recursive: true });
    return { directory: this.options.out, index, report: this.report };
  }

  /** Reads and cleans everything, and removes exact duplicates; gives the number of documents in the spool. */
  private async collect(): Promise<number> {
    const { files, options, report } = this;
    const writer = new SpoolWriter(this.work);
    try {
      const collector = new Collector(writer, report, { dedup: options.dedup, bands: this.bands?.bands ?? 0 });
      const chunks = readChunks(files, report.sources, {
        ...options,
        exact: !options.clean,
        temporaryFolder: this.work,
      });
      const size = files.reduce((sum, file) => sum + file.size, 0);
      const judgeRepetition = (source: number): boolean => files[source].format !== 'code';
      for await (const answer of this.pool.map(examineRequests(chunks, judgeRepetition), requestBuffers)) {
        if (answer.kind !== 'examine') continue;
        for (const result of answer.results) collector.add(result);
        const read = report.sources.reduce((sum, source) => sum + source.bytesRead, 0);
        this.progress('reading', read, size);
      }
      writer.flush();
    } finally {
      writer.close();
    }
    for (const source of report.sources) refuseBadFile(source);
    if (writer.count === 0) throw nothingLeft(report);
    return writer.count;
  }

  private async findDuplicates(spool: SpoolReader, documents: number): Promise<NearDuplicates | undefined> {
    if (!this.bands) return undefined;
    const { pool } = this;
    this.progress('comparing');
    return findNearDuplicates(spool, {
      bands: this.bands.bands,
      documents,
      threshold: this.options.nearDedupThreshold,
      async *compare(pairs) {
        const requests = (function* (): Generator<PrepareRequest> {
          for (const batch of pairs) yield { kind: 'compare', pairs: batch };
        })();
        for await (const answer of pool.map(requests)) if (answer.kind === 'compare') yield answer.similarities;
      },
    });
  }

  private assignment(duplicates: NearDuplicates | undefined): AssignOptions {
    const options = this.options;
    if (duplicates) this.report.nearDuplicates = this.examplesOf(duplicates);
    return {
      ...options,
      isDuplicate: document => duplicates?.isDuplicate(document) ?? false,
      source: source => ({
        split: this.files[source].split,
        cuttable: options.document === 'file' && ['text', 'code'].includes(this.files[source].format),
      }),
    };
  }

  /** Counts what stays and what near-duplicates take away; gives the bytes of the training split. */
  private count(spool: SpoolReader, assign: AssignOptions): number {
    const { report } = this;
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
    throw new UserError(
      'TSLM_EMPTY_SPLIT',
      `none of the ${report.kept.documents} documents fell to the training split`,
      {
        hint: 'cut the text into more documents with --document paragraph, or split it with --split tail',
      },
    );
  }

  private async trainTokenizer(spool: SpoolReader, assign: AssignOptions, trainBytes: number): Promise<Tokenizer> {
    const { tokenizerKind: kind, vocabSize, tokenizerSample: maxBytes, seed } = this.options;
    this.progress('training the tokenizer');
    const texts = sampleTrainingText(spool, assignSplits(spool, assign), { trainBytes, maxBytes, seed });
    // A character is worth a token even when it occurs once.
    return trainTokenizer(texts, { kind, vocabSize, minFrequency: kind === 'char' ? 1 : 2, threads: this.threads });
  }

  private examplesOf({ examples }: NearDuplicates): DuplicateExample[] {
    const { spool, report } = this;
    const describe = (document: number) => {
      const { offset, bytes, source, number } = (spool as SpoolReader).record(document);
      const text = (spool as SpoolReader).read(offset, Math.min(bytes, 400)).toString('utf8').slice(0, 100);
      return { path: report.sources[source].path, document: number + 1, text };
    };
    return examples.map(({ earlier, later, similarity }) => ({
      similarity,
      kept: describe(earlier),
      removed: describe(later),
    }));
  }

  private warnOfEmptySplits({ splits }: CorpusIndex): void {
    for (const name of SPLITS) {
      const wanted = name !== 'train' && this.options[name] > 0;
      if (!wanted || splits[name].documents > 0) continue;
      this.report.warnings.push(
        `no document fell to the ${name} split; --document paragraph makes more documents, --split tail cuts exactly`,
      );
    }
  }

  private progress(...[stage, done, total]: Parameters<ProgressListener>): void {
    this.signal?.throwIfAborted();
    this.onProgress(stage, done, total);
  }

  async close(): Promise<void> {
    await this.pool.close();
    this.spool?.close();
  }
}

const requestBuffers = (request: PrepareRequest): ArrayBuffer[] =>
  request.kind === 'examine' ? [request.chunks[0].bytes.buffer as ArrayBuffer] : [];

function nothingLeft({ read, removed, sources }: PrepareReport): UserError {
  const reasons = Object.entries(removed).map(([reason, { documents }]) => `${documents} ${reason}`);
  for (const kind of ['binary', 'empty'] as const) {
    const skipped = sources.filter(source => source.skipped === kind).length;
    if (skipped > 0) reasons.push(`${skipped} ${kind} files`);
  }
  return new UserError(
    'TSLM_NO_DOCUMENTS',
    `no document is left of ${read.documents} that were read (${reasons.join(', ') || 'the input holds none'})`,
    { hint: 'check the input, or loosen the filters (--no-clean, --min-characters)' },
  );
}
