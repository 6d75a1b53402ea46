/**
 * A sweep: trials as runs in processes of their own, some at a time, and a file in which everything is written before anything
 * follows from it (`trial-log.ts`). A sweep that was interrupted, or killed, goes on: trials that ended are not repeated, and those
 * that ran go on from their checkpoints.
 */
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gridSampler, randomSampler, type Sampler, tpeSampler } from '../../evaluate/search/samplers.ts';
import type { Values } from '../../evaluate/search/space.ts';
import { bestOf, type Direction } from '../../evaluate/search/trial.ts';
import { namingFile, UserError, usageError } from '../../support/errors.ts';
import { makeFolder, readJson, removeTemporaries, temporaryBeside, writeJson } from '../../support/files.ts';
import { takeLock } from '../../support/lock.ts';
import { checkpointSteps } from '../checkpoints.ts';
import { parseRecipe } from '../recipe.ts';
import { isFixed } from '../recipe-changes.ts';
import type { Recipe } from '../recipe-schema.ts';
import { perturbed } from './perturb.ts';
import { type RunningTrial, runTrial } from './run-trial.ts';
import { type Job, type Scheduler, schedulerOf } from './schedulers.ts';
import type { Sweep } from './sweep-schema.ts';
import { openTrialLog, type TrialLog, type TrialState } from './trial-log.ts';

export interface SweepHooks {
  /** After each event that a person may want to see. */
  onTrial?(trial: TrialState, best: TrialState | undefined): void;
}

export interface SweepRunOptions {
  /** Trials at a time. Default: as the sweep says. */
  parallel?: number;
  /** Ends the trials, which save where they are. */
  signal?: AbortSignal;
  hooks?: SweepHooks;
}

export interface SweepResult {
  folder: string;
  trials: readonly TrialState[];
  best: TrialState | undefined;
  /** False when a signal ended it. */
  finished: boolean;
}

export const trialFolder = (folder: string, trial: number): string =>
  join(folder, 'trials', String(trial).padStart(4, '0'));

/** `path=value` of a recipe. */
export const overridesOf = (values: Values): string[] =>
  Object.entries(values).map(([path, value]) => `${path}=${JSON.stringify(value)}`);

/** Whether the metric that decides is to be small. */
export const directionOf = (sweep: Pick<Sweep, 'direction'>, recipe: Recipe): Direction =>
  sweep.direction ?? (recipe.evaluation.best === 'loss' ? 'minimize' : 'maximize');

/**
 * @param folder of the sweep: a new one, or one that was interrupted
 * @throws UserError for a sweep that cannot be run, and when the first trials all fail
 */
export async function runSweep(sweep: Sweep, folder: string, options: SweepRunOptions = {}): Promise<SweepResult> {
  const sampler = samplerOf(sweep);
  const recipe = firstRecipe(sweep, sampler);
  const direction = directionOf(sweep, recipe);
  const trials = sweep.sampler.name === 'grid' ? gridSize(sampler, sweep.trials) : sweep.trials!;
  const scheduler = schedulerOf(sweep.scheduler, trials, recipe.train.steps, direction);
  requireStops(sweep, scheduler, recipe);
  namingFile(folder, () => makeFolder(join(folder, 'trials')));
  using _lock = takeLock(join(folder, '.lock'), folder);
  removeTemporaries(join(folder, 'trials'));
  requireSame(sweep, folder);
  using log = openTrialLog(join(folder, 'trials.jsonl'));
  const { parallel = sweep.parallel } = options;
  const threads = Number(process.env.TSLM_THREADS) || Math.max(1, Math.floor(availableParallelism() / parallel));
  const state: Running = { sweep, folder, sampler, scheduler, direction, log, threads, busy: new Map(), options };
  finishCopies(state);
  settleInterrupted(state);
  await work(state, parallel);
  const finished = !options.signal?.aborted;
  if (finished) endWaiting(state);
  return { folder, trials: log.trials, best: bestTrial(state), finished };
}

interface Running {
  sweep: Sweep;
  folder: string;
  sampler: Sampler;
  scheduler: Scheduler;
  direction: Direction;
  log: TrialLog;
  threads: number;
  busy: Map<number, RunningTrial>;
  options: SweepRunOptions;
}

const bestTrial = ({ log, direction }: Running): TrialState | undefined =>
  bestOf(log.trials, direction) as TrialState | undefined;

/** Keeps as many trials going as there may be, until nothing is left to do. */
async function work(state: Running, parallel: number): Promise<void> {
  const { scheduler, log, busy, options } = state;
  const stop = (): void => {
    for (const { process: child } of busy.values()) child.kill('SIGTERM');
  };
  options.signal?.addEventListener('abort', stop);
  const ends = new Map<number, Promise<void>>();
  try {
    for (;;) {
      while (busy.size < parallel && !options.signal?.aborted) {
        const job = scheduler.next(log.trials, new Set(busy.keys()), log.generations);
        if (job === undefined) break;
        const trial = begin(state, job);
        if (trial === 'nothing') break;
        if (trial !== undefined)
          ends.set(
            trial,
            follow(state, trial).finally(() => void ends.delete(trial)),
          );
      }
      if (ends.size === 0) return;
      await Promise.race(ends.values());
      requireSuccess(log.trials);
    }
  } finally {
    options.signal?.removeEventListener('abort', stop);
    stop();
    await Promise.allSettled(ends.values());
  }
}

/** @returns the trial that runs now; undefined where nothing is to run, `nothing` where the sampler has nothing left */
function begin(state: Running, job: Job): number | 'nothing' | undefined {
  const { log, sampler } = state;
  if (job.kind === 'exploit') {
    exploit(state, job);
    return undefined;
  }
  if (job.kind === 'continue') {
    start(state, log.trials[job.trial]);
    return job.trial;
  }
  const number = log.trials.length;
  const values = sampler(number, known(log.trials));
  if (values === undefined) return 'nothing';
  log.append({ event: 'trial', trial: number, values, ...(job.bracket !== undefined && { bracket: job.bracket }) });
  start(state, log.trials[number]);
  return number;
}

/** What stands still at a rung is to a sampler what was stopped there. */
const known = (trials: readonly TrialState[]) =>
  trials.map(trial =>
    trial.state === 'running' && trial.pausedAt !== undefined ? { ...trial, state: 'pruned' as const } : trial,
  );

function start({ sweep, folder, log, scheduler, threads, busy }: Running, trial: TrialState): void {
  const { number, values } = trial;
  const job = {
    parent: process.pid,
    folder: trialFolder(folder, number),
    recipe: { ...sweep.recipeValue, name: sweep.name },
    where: sweep.recipePath,
    set: [...sweep.set, ...overridesOf(values)],
    // Members of a population have taken over others' folders, and others' values with them.
    change: sweep.scheduler.name === 'pbt' ? overridesOf(values) : [],
  };
  const onReport = (step: number, value: number): 'go on' | 'stop' => {
    const isKnown = trial.reports.has(step);
    if (isKnown && Math.max(...trial.reports.keys()) > step) return 'go on'; // steps that a killed process had done already
    if (!isKnown) log.append({ event: 'report', trial: number, step, value });
    const decision = scheduler.decide(trial, log.trials);
    if (decision === 'prune') stopped.add(trial);
    return decision === 'go on' ? 'go on' : 'stop';
  };
  busy.set(number, runTrial(job, { threads, onReport }));
}

/** Trials that a pruner has stopped, and whose process has not ended. */
const stopped = new WeakSet<TrialState>();

async function follow(state: Running, number: number): Promise<void> {
  const { log, busy, options } = state;
  const end = await busy.get(number)!.end;
  busy.delete(number);
  const trial = log.trials[number];
  if (end.kind === 'failed') {
    // A process that was ended from outside has come to nothing that the next sweep could not go on with.
    if (options.signal?.aborted) return;
    // What has diverged is a result, the worst there is.
    if (end.code === 'TSLM_DIVERGED') log.append({ event: 'complete', trial: number, value: Number.NaN, seconds: 0 });
    else log.append({ event: 'failed', trial: number, message: end.message });
  } else if (end.finished) {
    log.append({ event: 'complete', trial: number, value: Number(end.value), seconds: end.seconds });
  } else if (stopped.has(trial)) {
    log.append({ event: 'pruned', trial: number });
  } else if (state.scheduler.stops.includes(end.step) && trial.reports.has(end.step)) {
    log.append({ event: 'paused', trial: number, step: end.step });
  } else return;
  options.hooks?.onTrial?.(trial, bestTrial(state));
}

/** What still stands at a rung has lost. */
function endWaiting({ log }: Running): void {
  for (const { number, state } of log.trials) if (state === 'running') log.append({ event: 'pruned', trial: number });
}

/** The last members become copies of the first, with values a little different; all is written down before a file is touched. */
function exploit(state: Running, { step, ranked }: Extract<Job, { kind: 'exploit' }>): void {
  const { sweep, log } = state;
  if (sweep.scheduler.name !== 'pbt') return;
  const count = Math.min(
    Math.floor(ranked.length / 2),
    Math.max(1, Math.floor(sweep.scheduler.quantile * ranked.length)),
  );
  for (const [i, trial] of ranked.slice(ranked.length - count).entries()) {
    if (log.trials[trial].copying !== undefined || log.trials[trial].before.some(({ until }) => until === step))
      continue;
    const from = ranked[i % count];
    const values = perturbed(sweep.parameters, log.trials[from].values, { ...sweep.scheduler, step, trial });
    log.append({ event: 'copy', trial, from, values });
  }
  log.append({ event: 'generation', step });
  finishCopies(state);
}

/** What a kill left between a trial's last report, after which it saved, and the event that says what follows from it. */
function settleInterrupted({ folder, log, scheduler }: Running): void {
  for (const trial of log.trials) {
    const { number, state, pausedAt, reports } = trial;
    if (state !== 'running' || pausedAt !== undefined || reports.size === 0) continue;
    const step = Math.max(...reports.keys());
    if (checkpointSteps(trialFolder(folder, number)).at(-1) !== step) continue;
    const decision = scheduler.decide(trial, log.trials);
    if (decision === 'pause') log.append({ event: 'paused', trial: number, step });
    else if (decision === 'prune') log.append({ event: 'pruned', trial: number });
  }
}

/** Nobody goes on before all copies are made, so that what is copied is what was decided on. */
function finishCopies({ folder, log }: Running): void {
  for (const { number, copying } of log.trials) {
    if (copying === undefined) continue;
    const place = trialFolder(folder, number);
    const temporary = temporaryBeside(place);
    cpSync(trialFolder(folder, copying), temporary, { recursive: true, filter: path => !path.endsWith('.lock') });
    rmSync(place, { recursive: true, force: true });
    renameSync(temporary, place);
    log.append({ event: 'copied', trial: number });
  }
}

function samplerOf({ sampler, parameters, direction, recipeValue, set, recipePath }: Sweep): Sampler {
  if (sampler.name === 'random') return randomSampler(parameters, sampler.seed);
  if (sampler.name === 'grid') return gridSampler(parameters);
  const recipe = parseRecipe(recipeValue, recipePath, set);
  return tpeSampler(parameters, { ...sampler, direction: directionOf({ direction }, recipe) });
}

function gridSize(sampler: Sampler, most = Number.POSITIVE_INFINITY): number {
  let size = 0;
  while (size < most && sampler(size, []) !== undefined) size++;
  return size;
}

/** Says what is wrong with keys and values before anything runs. */
function firstRecipe({ recipeValue, recipePath, set, name, parameters, scheduler }: Sweep, sampler: Sampler): Recipe {
  const fixed = scheduler.name === 'pbt' ? Object.keys(parameters).find(isFixed) : undefined;
  if (fixed !== undefined) {
    throw usageError(
      'TSLM_BAD_SPACE',
      `'${fixed}' cannot change in the middle of a training`,
      'search it with another scheduler than pbt',
    );
  }
  return parseRecipe({ ...recipeValue, name }, recipePath, [...set, ...overridesOf(sampler(0, [])!)]);
}

function requireStops({ scheduler: { name } }: Sweep, { stops }: Scheduler, { evaluation, train }: Recipe): void {
  const { every } = evaluation;
  if (train.epochs !== undefined && name !== 'all') {
    throw usageError(
      'TSLM_NOT_SUPPORTED',
      `'scheduler.name: ${name}' counts steps, and the recipe counts epochs`,
      'give train.steps',
    );
  }
  const missed = typeof every === 'number' ? stops.find(step => every === 0 || step % every !== 0) : stops[0];
  if (missed === undefined) return;
  throw usageError(
    'TSLM_BAD_VALUE',
    `trials are to be measured at step ${missed}, and the recipe evaluates every ${every} steps`,
    `choose evaluation.every so that it divides ${stops.join(', ')}`,
  );
}

/** A folder belongs to one sweep. */
function requireSame({ parallel: _, final: __, ...sweep }: Sweep, folder: string): void {
  const path = join(folder, 'sweep.json');
  const plain = JSON.parse(JSON.stringify(sweep)) as Record<string, unknown>;
  if (!existsSync(path)) {
    writeJson(path, plain);
    return;
  }
  const before = readJson(path) as Record<string, unknown>;
  const changed = [...new Set([...Object.keys(before), ...Object.keys(plain)])].filter(
    key => key !== 'recipePath' && !isDeepStrictEqual(before[key], plain[key]),
  );
  if (changed.length === 0) return;
  throw usageError(
    'TSLM_SWEEP_CHANGED',
    `${folder}: the sweep here began with another '${changed[0]}'`,
    'put it back, or choose another --out',
  );
}

/** Three trials that fail and none that does not: it is the sweep. */
function requireSuccess(trials: readonly TrialState[]): void {
  if (trials.length < 3 || !trials.slice(0, 3).every(({ state }) => state === 'failed')) return;
  throw new UserError('TSLM_TRIALS_FAIL', `every trial fails: ${trials[0].message}`, {
    hint: 'correct the recipe or the space; the folder of the sweep has to be removed then',
  });
}
