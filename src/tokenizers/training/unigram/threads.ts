/** Lattices of all words, in several threads. Words are always dealt out alike, so that sums are the same in any number. */
import type { Worker } from 'node:worker_threads';
import { UserError } from '../../../support/errors.ts';
import { startWorker } from '../../../support/workers.ts';
import type { UnigramCorpus } from './corpus.ts';
import { bestCounts, expectedCounts, type LatticeModel } from './lattice.ts';

export const LATTICE_TASKS = { expected: expectedCounts, best: bestCounts };
export type LatticeTask = keyof typeof LATTICE_TASKS;

export interface LatticeRequest {
  task: LatticeTask;
  model: LatticeModel;
  from: number;
  to: number;
}

const PARTS = 8;
/** Characters up to which starting threads costs more than they save. */
const SINGLE_THREADED_CHARS = 1 << 18;

export class LatticeThreads {
  readonly #corpus: UnigramCorpus;
  readonly #workers: Worker[];
  /** First word of each part, and the end of the last. */
  readonly #bounds: number[];

  constructor(corpus: UnigramCorpus, threads: number) {
    this.#corpus = corpus;
    const { chars, starts, counts } = corpus;
    this.#bounds = Array.from({ length: PARTS + 1 }, (_, part) => wordAt(starts, (chars.length * part) / PARTS));
    this.#bounds[PARTS] = counts.length;
    const wanted = threads > 1 && chars.length > SINGLE_THREADED_CHARS ? Math.min(threads, PARTS) : 0;
    this.#workers = Array.from({ length: wanted }, () =>
      startWorker(import.meta.url, './lattice-worker', { workerData: corpus }),
    );
  }

  /** The sums of a task over all words. */
  async run(task: LatticeTask, model: LatticeModel): Promise<Float64Array> {
    const requests = this.#bounds
      .slice(1)
      .map((to, part): LatticeRequest => ({ task, model, from: this.#bounds[part], to }));
    const parts: Float64Array[] = [];
    if (this.#workers.length === 0) {
      for (const [part, { from, to }] of requests.entries()) {
        parts[part] = LATTICE_TASKS[task](this.#corpus, model, from, to);
      }
    } else {
      let next = 0;
      await Promise.all(
        this.#workers.map(async worker => {
          while (next < PARTS) {
            const part = next++;
            parts[part] = await ask(worker, requests[part]);
          }
        }),
      );
    }
    const [total, ...others] = parts;
    for (const part of others) for (let i = 0; i < total.length; i++) total[i] += part[i];
    return total;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.terminate()));
  }
}

/** The first word that begins at a place or after it. */
function wordAt(starts: Uint32Array, place: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

const ask = (worker: Worker, request: LatticeRequest): Promise<Float64Array> =>
  new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(
        new UserError('TSLM_WORKER_FAILED', `a thread that trains the tokenizer failed: ${error.message}`, {
          hint: 'try again with one thread',
          cause: error,
        }),
      );
    worker.once('error', failed);
    worker.once('message', (answer: Float64Array) => {
      worker.off('error', failed);
      resolve(answer);
    });
    worker.postMessage(request);
  });
