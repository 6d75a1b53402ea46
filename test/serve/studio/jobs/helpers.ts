/** A folder to work in, and commands that are quick and say what they were told. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJobs, type Jobs } from '../../../../src/serve/studio/jobs/jobs.ts';
import { runQueue } from '../../../../src/serve/studio/jobs/queue.ts';

/**
 * `prepare` tells its words, and fails where its text is called bad; `train` goes on until it is asked to end and then saves, which
 * with seven steps takes for ever.
 */
const PROGRAM = `
import { writeFileSync } from 'node:fs';
const words = process.argv.slice(2);
console.log(words.join(' '));
if (words[1].includes('bad')) {
  console.error('tslm: nothing was read\\n  → give a text');
  process.exit(1);
}
if (words[0] === 'train') {
  const hangs = words.some(word => word.endsWith('steps=7'));
  process.once('SIGTERM', () => {
    console.error('stopping and saving');
    if (!hangs) setTimeout(() => process.exit(143), 100);
  });
  setInterval(() => {}, 1000);
  console.log('学习中');
}
writeFileSync(process.env.TSLM_PROGRESS, JSON.stringify({ label: 'working', done: 1, total: 4 }));
`;

export interface Place {
  folder: string;
  jobs: string;
  program: string[];
}

/** With a text, a bad one, a recipe and a corpus. */
export function makePlace(scratch: string, name: string): Place {
  const folder = join(scratch, name);
  mkdirSync(join(folder, 'texts'), { recursive: true });
  mkdirSync(join(folder, 'corpora', 'old'), { recursive: true });
  writeFileSync(join(folder, 'texts', 'book.txt'), 'Once upon a time.');
  writeFileSync(join(folder, 'texts', 'bad.txt'), 'x');
  writeFileSync(join(folder, 'tiny.yaml'), 'name: tiny\n');
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  return { folder, jobs: join(folder, 'jobs'), program: [process.execPath, join(folder, 'program.mjs')] };
}

/** Jobs whose queue works in this process; `queues` are those that were started. */
export function jobsIn(
  { folder, program }: Place,
  options: { atOnce?: number } = {},
): { jobs: Jobs; queues: Promise<void>[] } {
  const queues: Promise<void>[] = [];
  const startQueue = (at: string, jobs: string, atOnce: number): void =>
    void queues.push(runQueue(at, jobs, { atOnce, program, pollMs: 20 }));
  return { jobs: createJobs({ folder, startQueue, ...options }), queues };
}

export const prepare = (input = 'texts/book.txt') =>
  ({ command: 'prepare', values: { input, out: 'corpora/new' } }) as const;
export const train = (steps = 10) => ({ command: 'train', values: { recipe: 'tiny.yaml', steps } }) as const;
