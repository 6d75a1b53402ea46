/** The worker thread of `prepare`. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { answerRequests } from '../../support/worker-pool.ts';
import { type PrepareAnswer, PrepareJobs, type PrepareRequest, type PrepareWorkerOptions } from './prepare-jobs.ts';

const jobs = new PrepareJobs(workerData as PrepareWorkerOptions);
answerRequests<PrepareRequest, PrepareAnswer>(parentPort as MessagePort, request => jobs.answer(request));
