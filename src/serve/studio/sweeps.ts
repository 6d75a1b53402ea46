/** Sweeps as the page shows them, from their log alone, while they run as well. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { boundsOf, type Distribution, indexOf } from '../../evaluate/search/distributions.ts';
import { importances } from '../../evaluate/search/importance.ts';
import type { Space } from '../../evaluate/search/space.ts';
import { bestOf } from '../../evaluate/search/trial.ts';
import { readTrials, type TrialState } from '../../runs/sweep/trial-log.ts';
import { readJson } from '../../support/files.ts';
import { isAbandoned } from '../../support/lock.ts';
import { parseOptions } from '../../support/schema.ts';
import type { SweepAxis, SweepDetail, SweepSummary, SweepTrial } from './api.ts';
import type { ResultFile } from './result-folders.ts';

const sweepSchema = z.looseObject({
  name: z.string(),
  direction: z.enum(['minimize', 'maximize']).optional(),
  trials: z.number().optional(),
  parameters: z.record(z.string(), z.looseObject({ distribution: z.unknown() })),
  recipeValue: z.looseObject({ evaluation: z.looseObject({ best: z.string().optional() }).optional() }),
});

interface Read {
  name: string;
  metric: string;
  direction: 'minimize' | 'maximize';
  wanted?: number;
  space: Space;
  trials: TrialState[];
}

function read({ path }: ResultFile): Read {
  const file = join(dirname(path), 'sweep.json');
  const json = parseOptions(sweepSchema, readJson(file), file);
  const metric = json.recipeValue.evaluation?.best ?? 'loss';
  return {
    name: json.name,
    metric,
    direction: json.direction ?? (metric === 'loss' ? 'minimize' : 'maximize'),
    wanted: json.trials,
    space: json.parameters as unknown as Space,
    trials: readTrials(path).trials,
  };
}

export function summarizeSweep(file: ResultFile): SweepSummary {
  const { id, path } = file;
  const folder = dirname(path);
  try {
    return { ...summary(file, read(file)) };
  } catch (error) {
    return {
      id,
      name: basename(folder),
      folder,
      state: 'unreadable',
      trials: 0,
      ended: 0,
      problem: (error as Error).message,
    };
  }
}

function summary({ id, path }: ResultFile, { name, metric, direction, wanted, trials }: Read): SweepSummary {
  const folder = dirname(path);
  const best = bestOf(trials, direction);
  const result = join(folder, 'result.json');
  const isDone = existsSync(result) && (readJson(result) as { finished?: boolean }).finished === true;
  return {
    id,
    name,
    folder,
    state: isDone ? 'finished' : isRunning(folder) ? 'running' : 'stopped',
    metric,
    ...(wanted !== undefined && { wanted }),
    trials: trials.length,
    ended: trials.filter(({ state }) => state !== 'running').length,
    ...(best && { best: { trial: best.number, value: best.value! } }),
    updated: statSync(path).mtime.toISOString(),
  };
}

/** A sweep that was killed leaves its lock. */
function isRunning(folder: string): boolean {
  const lock = join(folder, '.lock');
  return existsSync(lock) && !isAbandoned(lock);
}

export function describeSweep(file: ResultFile): SweepDetail {
  const found = read(file);
  const { space, trials, direction } = found;
  const names = Object.keys(space);
  const complete = trials.filter(({ state }) => state === 'complete').length;
  return {
    ...summary(file, found),
    direction,
    axes: names.map(name => axisOf(name, space[name].distribution)),
    rows: trials.map(trial => rowOf(trial, space)),
    // Of too few trials nothing is known.
    importance: complete >= 4 ? importances(space, trials, { direction }) : [],
  };
}

function rowOf(trial: TrialState, space: Space): SweepTrial {
  const last = [...trial.reports].reduce<[number, number] | undefined>((a, b) => (a && a[0] > b[0] ? a : b), undefined);
  return {
    number: trial.number,
    state: trial.state,
    value: trial.value ?? last?.[1],
    step: last?.[0],
    values: Object.keys(space).map(name => trial.values[name] ?? null),
    places: Object.entries(space).map(([name, { distribution }]) => placeOf(distribution, trial.values[name])),
    ...(trial.message !== undefined && { message: trial.message }),
  };
}

/** Where a value lies on its axis, from 0 to 1; null where the trial has none. */
function placeOf(distribution: Distribution, value: unknown): number | null {
  if (value === undefined) return null;
  if (distribution.kind === 'choice') {
    const { choices } = distribution;
    return choices.length === 1 ? 0.5 : indexOf(distribution, value) / (choices.length - 1);
  }
  const at = (one: number): number => (distribution.log ? Math.log(one) : one);
  const [low, high] = boundsOf({ ...distribution, step: undefined });
  return low === high ? 0.5 : (at(value as number) - low) / (high - low);
}

function axisOf(name: string, distribution: Distribution): SweepAxis {
  if (distribution.kind === 'choice') {
    const { choices } = distribution;
    return { name, low: String(choices[0]), high: String(choices.at(-1)) };
  }
  return { name, low: distribution.low, high: distribution.high };
}
