/**
 * One stretch of a trial, in a process of its own: a run that begins or goes on, tells what each evaluation came to, and waits to be
 * told whether to go on. It ends with whoever started it.
 */
import { existsSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../../support/errors.ts';
import { configureRuntime } from '../../torch/cpu.ts';
import { parseRecipe } from '../recipe.ts';
import { resumeRun, startRun } from '../run.ts';
import type { Answer, Message, TrialJob } from './trial-messages.ts';

const [FROM, TO] = [3, 4];
/** Milliseconds. */
const PATIENCE = 120_000;

function tell(message: Message): void {
  try {
    writeSync(TO, `${JSON.stringify(message)}\n`);
  } catch {
    process.exit(1); // nobody is there any more
  }
}

/** Blocks until a line has come. */
function hear(): string {
  const bytes: number[] = [];
  const one = Buffer.alloc(1);
  for (;;) {
    if (readSync(FROM, one, 0, 1, null) === 0) process.exit(1);
    if (one[0] === 10) return Buffer.from(bytes).toString();
    bytes.push(one[0]);
  }
}

async function run({ parent, folder, recipe, where, set, change }: TrialJob): Promise<void> {
  const controller = new AbortController();
  // What is asked to end saves where it is: the next sweep goes on from there.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
  const hooks = {
    onStep() {
      if (process.ppid !== parent) process.exit(1); // whoever started it was killed
    },
    onEvaluate(step: number, loss: number, _isBest: boolean, decides?: { value: number }) {
      // Words, since JSON has no NaN.
      tell({ kind: 'report', step, value: String(decides?.value ?? loss) });
      if ((hear() as Answer) !== 'go on') controller.abort();
    },
  };
  const options = { signal: controller.signal, hooks };
  const result = await whenFree(async () =>
    existsSync(join(folder, 'recipe.yaml'))
      ? await resumeRun(folder, { ...options, set: change })
      : await startRun(parseRecipe(recipe, where, set), folder, options),
  );
  const { best, finished, seconds, step } = result;
  tell({ kind: 'end', finished, step, seconds, value: best === null ? 'NaN' : String(best.value ?? best.loss) });
}

/** A trial of a sweep that was killed may need a moment to notice, and has the folder until then. */
async function whenFree<T>(work: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + PATIENCE; ; await sleep(200)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'TSLM_LOCKED') || performance.now() > until) throw error;
    }
  }
}

configureRuntime();
try {
  await run(JSON.parse(hear()) as TrialJob);
} catch (error) {
  const code = error instanceof UserError ? error.code : 'TSLM_UNEXPECTED';
  tell({ kind: 'failed', code, message: messageOf(error) });
}
process.exit(0);
