/** A training that is stopped after a few steps, saves, and goes on where it was. */
import { rmSync } from 'node:fs';
import { resume, train } from 'tslm';

rmSync('runs/stopped', { recursive: true, force: true });
const stop = new AbortController();
const stopped = await train({
  corpus: 'corpora/docs', // prepare-corpus.ts
  out: 'runs/stopped',
  model: { layers: 1, hidden: 32, context: 32 },
  steps: 20,
  batchSize: 4,
  signal: stop.signal,
  onStep: ({ step }) => {
    if (step === 5) stop.abort();
  },
});
console.log(stopped.finished, stopped.step);
const whole = await resume('runs/stopped');
console.log(whole.finished, whole.step);
