/** A thread of training: counts the texts that it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import { createCounter, type WordSource } from './word-counter.ts';

/** Texts to count, or the request for the result. */
export type CountRequest = { texts: string[] } | 'result';

const counter = createCounter(workerData.source as WordSource);

parentPort!.on('message', (request: CountRequest) => {
  if (request === 'result') {
    const counts = counter.result();
    parentPort!.postMessage(counts, [counts.keys.buffer, counts.starts.buffer, counts.counts.buffer]);
  } else {
    for (const text of request.texts) counter.add(text);
    parentPort!.postMessage('done');
  }
});
