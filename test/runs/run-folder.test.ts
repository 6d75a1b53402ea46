/** Two that want to write in the folder of one run. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { saveEvaluations } from '../../src/runs/report-run.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { lockRun } from '../../src/runs/run-folder.ts';
import { errorOf } from '../data/helpers.ts';
import { runProcess } from '../helpers/cli.ts';
import { traceOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const recipe = tinyRecipe(tinyCorpus(place('corpus')));

it('a run is left alone by everybody else while it goes on', async () => {
  await startRun(recipe, place('alone'));
  const refused: Promise<Error>[] = [];
  const onStep = ({ step }: { step: number }): void => {
    if (step !== 6) return;
    refused.push(
      errorOf(() => resumeRun(place('watched'))),
      errorOf(() => startRun(recipe, place('watched'))),
      errorOf(() => saveEvaluations(place('watched'), [])),
    );
  };
  await startRun(recipe, place('watched'), { hooks: { onStep } });
  const [resumed, started, evaluated] = await Promise.all(refused);
  for (const error of [resumed, evaluated]) {
    expect(error).toMatchObject({ code: 'TSLM_LOCKED', exitCode: 1 });
    expect(error.message).toContain(`${place('watched')}: process ${process.pid} on ${hostname()}`);
  }
  expect(started).toMatchObject({ code: 'TSLM_RUN_EXISTS' });
  expect(traceOf(place('watched'))).toEqual(traceOf(place('alone')));
  expect(readdirSync(place('watched'))).not.toContain('.lock');
});

it('of two that start a run in one folder at the same moment, one does', async () => {
  const both = await Promise.allSettled([startRun(recipe, place('both')), startRun(recipe, place('both'))]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(traceOf(place('both'))).toEqual(traceOf(place('alone')));
});

it('a run whose process was killed is taken over', async () => {
  const stop = new AbortController();
  const onStep = ({ step }: { step: number }): void => {
    if (step === 5) stop.abort();
  };
  await startRun(recipe, place('killed'), { signal: stop.signal, hooks: { onStep } });
  const { stdout } = await runProcess(process.execPath, ['-p', 'process.pid']);
  writeFileSync(join(place('killed'), '.lock'), `${stdout.trim()} ${hostname()} x\n`);
  await resumeRun(place('killed'));
  expect(traceOf(place('killed'))).toEqual(traceOf(place('alone')));
  expect(existsSync(join(place('killed'), '.lock'))).toBe(false);
});

it('the lock is given back when a run fails', async () => {
  const failing = startRun(recipe, place('failing'), {
    hooks: {
      onStep() {
        throw new Error('no');
      },
    },
  });
  await expect(failing).rejects.toThrow('no');
  lockRun(place('failing')).release();
});
