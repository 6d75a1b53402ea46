/** A corpus that is cut short while a run reads it: the run ends with a checkpoint, and goes on as if nothing had happened. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { traceOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const corpus = tinyCorpus(join(scratch, 'corpus'));

it.each([
  ['to nothing', 0],
  ['within a page', 100],
])('a shard that is cut %s', async (_, length) => {
  const changes = { train: { steps: 12, gradientAccumulation: 2 } };
  const whole = join(scratch, `whole-${length}`);
  await startRun(tinyRecipe(corpus, changes), whole);
  const shard = join(corpus, 'train-00000.bin');
  const content = readFileSync(shard);
  const run = join(scratch, `cut-${length}`);
  const cut = startRun(tinyRecipe(corpus, changes), run, {
    hooks: {
      onStep({ step }) {
        if (step === 7) truncateSync(shard, length);
      },
    },
  });
  await expect(cut).rejects.toMatchObject({
    code: 'TSLM_FILE_CHANGED',
    message: `${shard} was shortened while it was in use`,
    hint: expect.stringContaining('goes on from step 7'),
  });
  await expect(resumeRun(run)).rejects.toMatchObject({ code: 'TSLM_DAMAGED_CORPUS' });
  writeFileSync(shard, content);
  expect(await resumeRun(run)).toMatchObject({ step: 12, finished: true });
  expect(traceOf(run)).toEqual(traceOf(whole));
});
