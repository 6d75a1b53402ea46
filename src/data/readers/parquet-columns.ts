/**
 * Columns of a Parquet file, decoded in a thread of their own. hyparquet believes the counts of values and lengths of runs that a file
 * states, so that of a damaged one it may never come back, or take all memory: the thread is ended then.
 */
import { once } from 'node:events';
import type { DecodedArray } from 'hyparquet';
import { messageOf } from '../../support/errors.ts';
import { startWorker } from '../../support/workers.ts';

export interface ParquetJob {
  path: string;
  columns: readonly string[];
  utf8: boolean;
}

export type DecodedColumns = { columns: DecodedArray[] } | { problem: string };

export interface ColumnReader extends AsyncDisposable {
  /**
   * @param index of a range of rows, as hyparquet's scan lists them
   * @throws Error when the file is damaged
   */
  read(index: number): Promise<DecodedArray[]>;
}

const MiB = 2 ** 20;
/** What decoding may take: far more than the largest honest file needs on a slow machine. */
const SECONDS = 20;
const SECONDS_PER_MIB = 2;
const HEAP_MIB = 512;
const HEAP_PER_BYTE = 32;

/**
 * @param bytes of the largest range, decompressed
 * @param options.seconds that decoding a range may take beside those for its bytes. Default 20
 */
export function openColumns(job: ParquetJob, bytes: number, { seconds: least = SECONDS } = {}): ColumnReader {
  const worker = startWorker(import.meta.url, './parquet-worker', {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: Math.ceil(HEAP_MIB + (HEAP_PER_BYTE * bytes) / MiB) },
  });
  worker.unref();
  return {
    async read(index) {
      const seconds = Math.ceil(least + (SECONDS_PER_MIB * bytes) / MiB);
      const timeout = AbortSignal.timeout(1000 * seconds);
      worker.ref();
      worker.postMessage(index);
      try {
        const [answer] = (await once(worker, 'message', { signal: timeout })) as [DecodedColumns];
        if ('problem' in answer) throw new Error(answer.problem);
        return answer.columns;
      } catch (error) {
        if (timeout.aborted) throw new Error(`its pages are not decoded after ${seconds} s`);
        const isOutOfMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
        throw isOutOfMemory ? new Error('its pages state more values than they can hold') : new Error(messageOf(error));
      } finally {
        worker.unref();
      }
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}
