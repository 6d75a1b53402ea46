/**
 * Loss and norm of the gradients of each objective's first updates beside those that were recorded, so that no change of what is
 * learnt goes by unseen; where a loss is 0 by its making (RLOO's first update on an answer) the norm tells. `TSLM_RECORD=1 npx vitest run test/runs/loss-curves.test.ts` records them anew, for a change that is meant.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/models/auto.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { startRun } from '../../src/runs/run.ts';
import { objectiveRecipe, objectiveRuns, prepareObjectiveRuns } from '../helpers/objective-runs.ts';
import { tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const STEPS = 12;
/** |a − b| ≤ atol + rtol·max |b|, over the curve: ten times what differs between the tiers of a processor and libtorch's own operators. */
const TOLERANCE = { atol: 1e-5, rtol: 1e-3 };

interface Curves {
  loss: number[];
  gradNorm: number[];
}

const path = 'test/fixtures/train/loss-curves.json';
const isRecording = process.env.TSLM_RECORD !== undefined;
const recorded = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Curves>) : {};
const folder = scratchFolder();
const keyOf = ({ name, family }: { name: string; family: string }): string => `${name} ${family}`;

beforeAll(() => prepareObjectiveRuns(folder));

/** Of each update, in float32 and without dropout, whose draws differ between builds of libtorch. */
async function curvesOf(run: (typeof objectiveRuns)[number]): Promise<Curves> {
  const { model, ...rest } = objectiveRecipe(folder, run, 0);
  const recipe = tinyRecipe(join(folder, 'corpus'), {
    ...rest,
    model: { ...model, dropout: 0 },
    train: { steps: STEPS, batchSize: 4, precision: 'float32' },
    evaluation: { every: 0, windows: 4 },
    checkpoints: { every: 0, keep: 1 },
    samples: { prompts: [] },
  });
  const place = join(folder, `run ${keyOf(run)}`);
  await startRun(recipe, place);
  const { model: trained, missing, unexpected } = loadModel(join(place, 'model'));
  expect([missing, unexpected]).toEqual([[], []]);
  trained.dispose();
  const rows = readMetrics(join(place, 'metrics.jsonl')).filter(({ loss }) => loss !== undefined);
  const digits = (value: number): number => Number(value.toPrecision(7));
  return { loss: rows.map(({ loss }) => digits(loss)), gradNorm: rows.map(({ gradNorm }) => digits(gradNorm)) };
}

const allowedIn = (curve: readonly number[]): number =>
  TOLERANCE.atol + TOLERANCE.rtol * Math.max(...curve.map(Math.abs));

describe('the first updates', () => {
  const found: Record<string, Curves> = {};

  it.each(objectiveRuns)('of $name with $family', async run => {
    const curves = await curvesOf(run);
    found[keyOf(run)] = curves;
    for (const name of ['loss', 'gradNorm'] as const) {
      expect(curves[name]).toHaveLength(STEPS);
      const expected = isRecording ? curves[name] : recorded[keyOf(run)][name];
      const errors = curves[name].map((value, step) => Math.abs(value - expected[step]));
      if (process.env.TSLM_VERBOSE) console.log(keyOf(run), name, Math.max(...errors) / allowedIn(expected));
      expect(Math.max(...errors), `${name}: ${curves[name]}`).toBeLessThanOrEqual(allowedIn(expected));
    }
  });

  it('are recorded of every objective, and of nothing else', () => {
    if (isRecording) writeFileSync(path, `${JSON.stringify(found).replaceAll('},', '},\n')}\n`);
    else expect(Object.keys(recorded).sort()).toEqual(objectiveRuns.map(keyOf).sort());
  });

  it('differ from each other, so that a change of what is learnt would show', () => {
    for (const [key, { gradNorm }] of Object.entries(isRecording ? found : recorded)) {
      expect(Math.max(...gradNorm) - Math.min(...gradNorm), key).toBeGreaterThan(10 * allowedIn(gradNorm));
    }
  });
});
