/** Worker threads: which file they run, and with which options of Node. */
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

/** Options of Node by which a program is a string rather than a file. */
const STRING_PROGRAM = /^(-e|-p|-pe|--eval|--print|--input-type)(=|$)/;

/**
 * Starts the worker thread that `workerFile` finds. Of a caller whose program is a string (`node --input-type=module -e
 * …`) it takes over no options: Node refuses some of them for a file, and refuses V8's in any list, but these hold for
 * the whole process anyway.
 */
export function startWorker(base: string, relative: string, options?: WorkerOptions): Worker {
  const execArgv = process.execArgv.some(option => STRING_PROGRAM.test(option)) ? [] : undefined;
  return new Worker(workerFile(base, relative), { execArgv, ...options });
}
