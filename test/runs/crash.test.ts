/** Runs that are signalled and killed as processes, and what a person finds afterwards. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { checkpointSteps } from '../../src/runs/checkpoints.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { createRandom } from '../../src/support/random.ts';
import { expectRefusal, type Outcome, tslm, tslmJson } from '../helpers/cli.ts';
import { isLong, itLong } from '../helpers/long.ts';
import { traceOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipeValue } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

vi.setConfig({ testTimeout: 300_000 });
const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));

/** Enough steps that the process is in their middle for a while, with a checkpoint every few. */
const STEPS = isLong ? 800 : 300;
const recipe = place('recipe.yaml');
const changes = {
  train: { steps: STEPS },
  optimizer: { lr: 0.001 },
  evaluation: { every: 75, windows: 4 },
  checkpoints: { every: 25, keep: 1 },
  samples: { prompts: ['ba'], every: 100, maxNewTokens: 4 },
  log: { every: 7, tensorboard: false },
};
writeFileSync(recipe, stringify(tinyRecipeValue(corpus, changes)));

/** The run that was never interrupted. */
const straight = tslm(['train', recipe, '--out', place('straight')]).then(outcome => {
  expect(outcome.code, outcome.stderr).toBe(0);
  return traceOf(place('straight'));
});

const lastStep = (run: string): number => {
  const path = join(run, 'metrics.jsonl');
  return existsSync(path) ? (readMetrics(path).at(-1)?.step ?? 0) : 0;
};

/** Starts or resumes `run` and sends `signal` when its log has reached `step`. */
async function interrupt(args: string[], run: string, step: number, signal: NodeJS.Signals): Promise<Outcome> {
  const before = lastStep(run);
  let sent = false;
  return tslm(args, {
    onOutput: async child => {
      if (sent) return;
      sent = true;
      while (lastStep(run) < Math.max(step, before + 1) && child.exitCode === null) await sleep(2);
      child.kill(signal);
    },
  });
}

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

describe.each(isLong ? signals : signals.slice(0, 1))('%s', (signal, code) => {
  it(`saves, exits with ${code}, and the run goes on as if nothing had happened`, async () => {
    const run = place(signal);
    const stopped = await interrupt(['train', recipe, '--out', run], run, 30, signal);
    expect(stopped.code, stopped.stderr).toBe(code);
    expect(stopped.stderr).toContain('saving');
    expect(stopped.stdout).toContain(`tslm resume ${run}`);
    const [step] = checkpointSteps(run);
    expect(step).toBeGreaterThanOrEqual(30);
    expect(step).toBeLessThan(STEPS);
    const again = await interrupt(['resume', run], run, step + 50, signal);
    expect(again.code).toBe(code);
    expect(checkpointSteps(run)[0]).toBeGreaterThan(step);
    expect(await tslmJson(['resume', run])).toMatchObject({ finished: true, step: STEPS });
    expect(traceOf(run)).toEqual(await straight);
  });
});

describe('SIGKILL', () => {
  const kills = isLong ? 6 : 1;
  it(`at ${kills} random moments loses nothing but time`, async () => {
    const run = place('killed');
    const random = createRandom(3);
    const moments = Array.from({ length: kills }, () => random.below(0.7 * STEPS)).sort((a, b) => a - b);
    for (const [i, moment] of moments.entries()) {
      const outcome = await interrupt(
        i === 0 ? ['train', recipe, '--out', run] : ['resume', run],
        run,
        moment,
        'SIGKILL',
      );
      expect(outcome.signal, outcome.stderr).toBe('SIGKILL');
    }
    const [left] = checkpointSteps(run);
    expect(left ?? 0).toBeLessThan(STEPS);
    const result = await tslmJson(['resume', run]);
    expect(result).toMatchObject({ finished: true, step: STEPS });
    expect(traceOf(run), `killed at ${moments}`).toEqual(await straight);
  });

  itLong('before the first checkpoint: train is refused with a hint, resume begins again', async () => {
    const run = place('early');
    const slow = place('early.yaml');
    writeFileSync(slow, stringify(tinyRecipeValue(corpus, { ...changes, checkpoints: { every: 0 } })));
    expect((await interrupt(['train', slow, '--out', run], run, 1, 'SIGKILL')).signal).toBe('SIGKILL');
    expect(checkpointSteps(run)).toEqual([]);
    const refused = await tslm(['train', slow, '--out', run]);
    expectRefusal(refused, 2, /already/);
    expect(refused.stderr).toContain(`tslm resume ${run}`);
    const resumed = await tslm(['resume', run]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain('begins again');
    expect(traceOf(run)).toEqual(await straight);
  });
});

itLong('two processes never write in one run', async () => {
  const run = place('shared');
  let second: Promise<Outcome> | undefined;
  const first = await tslm(['train', recipe, '--out', run], {
    onOutput: () => {
      second ??= tslm(['resume', run]);
    },
  });
  expect(first.code, first.stderr).toBe(0);
  const refused = await second!;
  // The second may begin before the first has its lock, or after it has ended: never in between.
  if (refused.code !== 0) expectRefusal(refused, 1, /shared: process \d+ on \S+ has been writing here since/);
  expect(traceOf(run)).toEqual(await straight);
});

itLong('two threads and bfloat16 change nothing about that', async () => {
  const env = { TSLM_THREADS: '2' };
  const larger = place('larger.yaml');
  const value = tinyRecipeValue(corpus, {
    model: { layers: 2, hidden: 128, heads: 4, context: 64 },
    train: { steps: 24, batchSize: 8, precision: 'bf16', gradientAccumulation: 2 },
    checkpoints: { every: 7, keep: 2 },
  });
  writeFileSync(larger, stringify(value));
  expect((await tslm(['train', larger, '--out', place('threads')], { env })).code).toBe(0);
  const expected = traceOf(place('threads'));
  rmSync(join(place('threads'), 'checkpoints', 'step-0000024'), { recursive: true });
  expect(await tslmJson(['resume', place('threads')], { env })).toMatchObject({ step: 24 });
  expect(traceOf(place('threads'))).toEqual(expected);
});

it('a divergence is one line and exit code 1', async () => {
  const run = place('diverging');
  const outcome = await tslm(['train', recipe, '--out', run, '--set', 'optimizer.lr=1e30', '--json']);
  expectRefusal(outcome, 1, /diverged: the (loss|gradient norm|held-out loss) is .* at step \d+/);
  expect(outcome.stderr).toContain('lower optimizer.lr');
});
