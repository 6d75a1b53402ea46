import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * The compiled file behind a worker's source. Node cannot run TypeScript in a worker, so when the caller itself runs
 * from src/ (as tests do) the file built under dist/ is meant.
 *
 * @param base the caller's `import.meta.url`
 * @param relative path of the worker beside it, without extension: `./tokenize-worker`
 */
export function workerFile(base: string, relative: string): string {
  const path = fileURLToPath(new URL(`${relative}.js`, base));
  return base.endsWith('.ts') ? path.replace(/([\\/])src([\\/])/, '$1dist$2') : path;
}

/** Starts the worker thread that `workerFile` finds. */
export const startWorker = (base: string, relative: string, options?: WorkerOptions): Worker =>
  new Worker(workerFile(base, relative), options);
