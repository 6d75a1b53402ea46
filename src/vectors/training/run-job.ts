/** Runs a job: in this thread, or in several. */
import { UserError } from '../../support/errors.ts';
import { startWorker } from '../../support/workers.ts';
import { runGlove } from './glove.ts';
import type { VectorJob } from './job.ts';
import { runWord2Vec } from './word2vec.ts';

/** How often progress is told while other threads work, in milliseconds. */
const PROGRESS_INTERVAL = 200;

/**
 * @param onProgress called with how much of `job.work` is done
 * @throws UserError when a thread fails
 */
export async function runJob(job: VectorJob, onProgress: (done: number) => void = () => {}): Promise<void> {
  const report = (): void => onProgress(job.done.reduce((sum, part) => sum + part, 0));
  if (job.done.length === 1) {
    if (job.kind === 'glove') runGlove(job, 0, report);
    else runWord2Vec(job, 0, report);
    return;
  }
  const timer = setInterval(report, PROGRESS_INTERVAL);
  const workers = Array.from(job.done, (_, part) =>
    startWorker(import.meta.url, './worker', { workerData: { job, part } }),
  );
  const ended = workers.map(
    worker =>
      new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve());
        worker.once('error', reject);
        worker.once('exit', code => reject(new Error(`it ended with code ${code}`)));
      }),
  );
  try {
    await Promise.all(ended);
  } catch (error) {
    throw new UserError('TSLM_WORKER_FAILED', `a thread that trains word vectors failed: ${(error as Error).message}`, {
      hint: 'try again with one thread',
      cause: error,
    });
  } finally {
    clearInterval(timer);
    await Promise.all(workers.map(worker => worker.terminate()));
  }
}
