/** Counts the pre-tokens of a stream of texts in several threads. */
import type { Worker } from 'node:worker_threads';
import { UserError } from '../../support/errors.ts';
import { startWorker } from '../../support/workers.ts';
import { wellFormed } from '../unicode/unicode.ts';
import type { CountRequest } from './count-worker.ts';
import { createCounter, type WordSource } from './word-counter.ts';
import type { WordCounts } from './word-table.ts';

/** UTF-16 units that are sent to a thread at once. */
const BATCH_UNITS = 1 << 20;
/** Up to here starting threads costs more than they save. */
const SINGLE_THREADED_UNITS = 1 << 22;
/** Batches that wait in each thread while it counts another. */
const QUEUED = 2;

export interface CountOptions {
  split: WordSource;
  /** Threads that count, this one included. */
  threads: number;
  /** Called now and then with the number of UTF-16 units read. */
  onProgress?: (units: number) => void;
}

export async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  { split, threads, onProgress }: CountOptions,
): Promise<WordCounts> {
  const counter = createCounter(split);
  const workers: CountingWorker[] = [];
  let batch: string[] = [];
  let batchUnits = 0;
  let units = 0;

  const dispatch = async (): Promise<void> => {
    if (units > SINGLE_THREADED_UNITS && workers.length === 0) {
      for (let i = 1; i < threads; i++) workers.push(new CountingWorker(split));
    }
    const free = workers.find(worker => worker.pending < QUEUED);
    if (free) {
      free.send(batch);
    } else {
      for (const text of batch) counter.add(text);
      // Lets the answers of the threads in.
      if (workers.length > 0) await new Promise(setImmediate);
    }
    onProgress?.(units);
    batch = [];
    batchUnits = 0;
  };

  try {
    for await (const text of texts) {
      batch.push(wellFormed(text));
      batchUnits += text.length;
      units += text.length;
      if (batchUnits >= BATCH_UNITS) await dispatch();
    }
    await dispatch();
    const results = await Promise.all(workers.map(worker => worker.result()));
    for (const result of results) counter.merge(result);
  } finally {
    await Promise.all(workers.map(worker => worker.stop()));
  }
  return counter.result();
}

class CountingWorker {
  /** Batches that were sent and are not counted yet. */
  pending = 0;
  readonly #worker: Worker;
  readonly #result: Promise<WordCounts>;

  constructor(source: WordSource) {
    this.#worker = startWorker(import.meta.url, './count-worker', { workerData: { source } });
    this.#result = new Promise((resolve, reject) => {
      this.#worker.on('message', (answer: 'done' | WordCounts) => {
        if (answer === 'done') this.pending--;
        else resolve(answer);
      });
      this.#worker.on('error', error =>
        reject(
          new UserError('TSLM_WORKER_FAILED', `a thread that counts words failed: ${error.message}`, {
            hint: 'try again with one thread',
            cause: error,
          }),
        ),
      );
    });
    // The failure is reported by `result`; until it is asked for, nobody listens.
    this.#result.catch(() => undefined);
  }

  send(texts: string[]): void {
    this.pending++;
    this.#worker.postMessage({ texts } satisfies CountRequest);
  }

  result(): Promise<WordCounts> {
    this.#worker.postMessage('result' satisfies CountRequest);
    return this.#result;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
