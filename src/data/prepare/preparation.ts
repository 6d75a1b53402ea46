/** What the stages of `prepare` share: the folder being written, the options, the report, the worker threads. */
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { inThisThread, type Pool, WorkerPool } from '../../support/worker-pool.ts';
import { startWorker } from '../../support/workers.ts';
import type { InputFile } from '../readers/inputs.ts';
import { bandsFor } from './dedup/minhash.ts';
import { type PrepareAnswer, PrepareJobs, type PrepareRequest, type PrepareWorkerOptions } from './prepare-jobs.ts';
import type { PrepareOptions, ResolvedOptions } from './prepare-options.ts';
import { type PreprocessPlan, planPreprocess } from './preprocess/preprocess.ts';
import type { ProgressListener } from './progress-listener.ts';
import { newReport, type PrepareReport } from './report.ts';
import { SpoolReader } from './spool.ts';

export class Preparation {
  /** The corpus directory, not yet in its place. */
  readonly folder: string;
  /** A folder in it for what is not kept: the spool, unpacked files. */
  readonly work: string;
  readonly options: ResolvedOptions;
  readonly files: readonly InputFile[];
  readonly report: PrepareReport;
  readonly threads: number;
  /** How band keys are made; undefined when deduplication is off. */
  readonly bands: PrepareWorkerOptions['examine']['bands'];
  readonly preprocess: PreprocessPlan;
  readonly pool: Pool<PrepareRequest, PrepareAnswer>;
  private readonly listener: Pick<PrepareOptions, 'onProgress' | 'signal'>;
  private opened: SpoolReader | undefined;

  constructor(
    folder: string,
    files: readonly InputFile[],
    options: ResolvedOptions,
    listener: Pick<PrepareOptions, 'onProgress' | 'signal'>,
  ) {
    this.folder = folder;
    this.work = join(folder, 'work');
    mkdirSync(this.work);
    this.options = options;
    this.files = files;
    this.listener = listener;
    this.report = newReport(files);
    this.threads = options.threads ?? availableParallelism();
    this.bands = options.dedup ? bandsFor(options.nearDedupThreshold) : undefined;
    this.preprocess = planPreprocess(options);
    const workerData: PrepareWorkerOptions = {
      examine: {
        ...options,
        maxCharacters: options.maxCharacters ?? Number.POSITIVE_INFINITY,
        exact: !options.clean,
        preprocess: this.preprocess,
        bands: this.bands,
      },
      spoolFolder: this.work,
      tokenizerFolder: folder,
    };
    this.pool =
      this.threads === 0
        ? inThisThread(new PrepareJobs(workerData))
        : new WorkerPool(this.threads, () => startWorker(import.meta.url, './prepare-worker', { workerData }));
  }

  /** The documents that were read; opened when first needed, which must be after the reading. */
  get spool(): SpoolReader {
    this.opened ??= new SpoolReader(this.work);
    return this.opened;
  }

  /** Tells how far a stage is, and stops the work when that is asked for. */
  progress(...[stage, done, total]: Parameters<ProgressListener>): void {
    this.listener.signal?.throwIfAborted();
    this.listener.onProgress?.(stage, done, total);
  }

  async close(): Promise<void> {
    await this.pool.close();
    this.opened?.close();
  }
}
