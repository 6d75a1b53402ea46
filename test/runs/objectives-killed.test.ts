/**
 * Objectives as processes that are killed at a random moment and go on to the bits of one that was left alone: every third, others from
 * seed to seed; with `TSLM_KILL_ALL=1` each.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { createRandom, randomSeed } from '../../src/support/random.ts';
import { tslm } from '../helpers/cli.ts';
import { isLong } from '../helpers/long.ts';
import { objectiveRecipe, objectiveRuns, prepareObjectiveRuns } from '../helpers/objective-runs.ts';
import { metricsOf } from '../helpers/runs.ts';
import { tinyRecipeValue } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });
/** `TSLM_KILL_SEED` draws the moments of a failure again. */
const seed = Number(process.env.TSLM_KILL_SEED ?? randomSeed());
const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const STEPS = 36;

beforeAll(() => (isLong ? prepareObjectiveRuns(folder) : undefined));

const lastStep = (run: string): number => {
  const path = join(run, 'metrics.jsonl');
  return existsSync(path) ? (readMetrics(path).at(-1)?.step ?? 0) : 0;
};

/** Every metric, and every weight of the model and of what is trained along. */
const traceOf = (run: string) => ({
  metrics: metricsOf(run),
  weights: readdirSync(join(run, 'model'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.safetensors'))
    .sort()
    .map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(join(run, 'model', name)))
        .digest('hex'),
    ]),
});

/** Each objective with one of its families, another one from seed to seed. */
const names = [...new Set(objectiveRuns.map(({ name }) => name))];
const drawn = process.env.TSLM_KILL_ALL ? names : names.filter((_, i) => (i + seed) % 3 === 0);
const runs = drawn.map(name => {
  const families = objectiveRuns.filter(run => run.name === name);
  return families[seed % families.length];
});

describe.runIf(isLong).each(runs)('$name with $family', ({ name, family }) => {
  it('is killed, and goes on to the same bits', async () => {
    const recipe = place(`${name}-${family}.yaml`);
    const value = tinyRecipeValue(place('corpus'), {
      ...objectiveRecipe(folder, { name, family }),
      train: { steps: STEPS, batchSize: 4 },
      evaluation: { every: 12, windows: 6 },
      checkpoints: { every: 7, keep: 1 },
      samples: { prompts: [] },
      log: { every: 1, tensorboard: false },
    });
    writeFileSync(recipe, stringify(value));
    const [whole, killed] = [place(`${name}-${family}-whole`), place(`${name}-${family}-killed`)];
    const straight = await tslm(['train', recipe, '--out', whole]);
    expect(straight.code, straight.stderr).toBe(0);
    const random = createRandom(seed);
    const moments = [1 + random.below(STEPS / 2)];
    let isStarted = false;
    for (const moment of moments) {
      let sent = false;
      const outcome = await tslm(isStarted ? ['resume', killed] : ['train', recipe, '--out', killed], {
        onOutput: async child => {
          if (sent) return;
          sent = true;
          while (lastStep(killed) < moment && child.exitCode === null) await sleep(1);
          await sleep(random.below(20));
          child.kill('SIGKILL');
        },
      });
      isStarted = true;
      expect(outcome.signal, `${outcome.stderr} (TSLM_KILL_SEED=${seed})`).toBe('SIGKILL');
    }
    const resumed = await tslm(['resume', killed]);
    expect(resumed.code, `${resumed.stderr} (TSLM_KILL_SEED=${seed})`).toBe(0);
    expect(traceOf(killed), `killed after steps ${moments} (TSLM_KILL_SEED=${seed})`).toEqual(traceOf(whole));
  });
});
