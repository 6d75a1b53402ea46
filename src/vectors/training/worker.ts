/** A thread of training: does one part of a job whose arrays it shares with the others. */
import { parentPort, workerData } from 'node:worker_threads';
import { runGlove } from './glove.ts';
import type { VectorJob } from './job.ts';
import { runWord2Vec } from './word2vec.ts';

const { job, part } = workerData as { job: VectorJob; part: number };
if (job.kind === 'glove') runGlove(job, part);
else runWord2Vec(job, part);
parentPort!.postMessage('done');
