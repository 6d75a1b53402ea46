/** A thread of unigram training: sums over the lattices of some words. */
import { parentPort, workerData } from 'node:worker_threads';
import type { UnigramCorpus } from './corpus.ts';
import { LATTICE_TASKS, type LatticeRequest } from './threads.ts';

parentPort!.on('message', ({ task, model, from, to }: LatticeRequest) => {
  const sums = LATTICE_TASKS[task](workerData as UnigramCorpus, model, from, to);
  parentPort!.postMessage(sums, [sums.buffer as ArrayBuffer]);
});
