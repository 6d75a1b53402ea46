/**
 * trials.jsonl: everything that happened in a sweep, an event a line, in order. One process writes it; each line is forced to the
 * disk before anything follows from it, so that a sweep that was killed goes on from what the file says.
 */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import type { Values } from '../../evaluate/search/space.ts';
import type { Trial } from '../../evaluate/search/trial.ts';
import { namingFile, UserError } from '../../support/errors.ts';
import { writeFully } from '../../support/files.ts';
import { spellNonFinite } from '../metrics-log.ts';

export type TrialEvent =
  /** A trial begins. */
  | { event: 'trial'; trial: number; values: Values; bracket?: number }
  /** Its metric after a step. */
  | { event: 'report'; trial: number; step: number; value: number }
  /** It stopped at a step and can go on. */
  | { event: 'paused'; trial: number; step: number }
  /** It is not to go on. */
  | { event: 'pruned'; trial: number }
  /** It has reached its end. */
  | { event: 'complete'; trial: number; value: number; seconds: number }
  | { event: 'failed'; trial: number; message: string }
  /** It is to become another trial as that is, with other values; and it has. */
  | { event: 'copy'; trial: number; from: number; values: Values }
  | { event: 'copied'; trial: number }
  /** Everybody that was to take over another trial at this step has been told to. */
  | { event: 'generation'; step: number };

export interface TrialState extends Trial {
  reports: Map<number, number>;
  /** The step that it stands at between two stretches; undefined while it runs or has ended. */
  pausedAt?: number;
  seconds?: number;
  message?: string;
  /** Hyperband's bracket. */
  bracket?: number;
  /** Values that it had before, by the step until which. */
  before: { until: number; values: Values }[];
  /** Whose state it is about to take over. */
  copying?: number;
}

export interface SweepState {
  trials: TrialState[];
  /** Steps after which members of a population have taken over others. */
  generations: Set<number>;
}

export interface TrialLog extends Disposable, Readonly<SweepState> {
  append(event: TrialEvent): void;
}

/** @throws UserError for a damaged line, but for the last, which an interruption may have cut off */
export function openTrialLog(path: string): TrialLog {
  const { length, ...state } = readTrials(path);
  const fd = namingFile(path, () => openSync(path, 'a'));
  namingFile(path, () => ftruncateSync(fd, length));
  return {
    ...state,
    append(event) {
      namingFile(path, () => {
        writeFully(fd, Buffer.from(`${JSON.stringify(event, spellNonFinite)}\n`));
        fsyncSync(fd);
      });
      apply(state, event);
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

/** @returns what there is, and bytes of the whole lines */
export function readTrials(path: string): SweepState & { length: number } {
  const state: SweepState = { trials: [], generations: new Set() };
  if (!existsSync(path)) return { ...state, length: 0 };
  const text = namingFile(path, () => readFileSync(path, 'utf8'));
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const [i, line] of whole.split('\n').entries()) {
    if (line === '') continue;
    try {
      apply(
        state,
        JSON.parse(line, (key, value) => (key === 'value' && typeof value === 'string' ? Number(value) : value)),
      );
    } catch {
      throw new UserError('TSLM_BAD_SWEEP', `${path}:${i + 1}: not an event of a sweep: ${line.slice(0, 60)}`, {
        hint: 'remove the damaged line',
      });
    }
  }
  return { ...state, length: Buffer.byteLength(whole) };
}

function apply({ trials, generations }: SweepState, event: TrialEvent): void {
  if (event.event === 'generation') {
    generations.add(event.step);
    return;
  }
  if (event.event === 'trial') {
    const { trial: number, values, bracket } = event;
    trials[number] = {
      number,
      values,
      state: 'running',
      reports: new Map(),
      before: [],
      ...(bracket !== undefined && { bracket }),
    };
    return;
  }
  const trial = trials[event.trial];
  switch (event.event) {
    case 'report':
      trial.reports.set(event.step, event.value);
      trial.pausedAt = undefined;
      break;
    case 'paused':
      trial.pausedAt = event.step;
      break;
    case 'complete':
      Object.assign(trial, { state: 'complete', value: event.value, seconds: event.seconds, pausedAt: undefined });
      break;
    case 'pruned':
      Object.assign(trial, { state: 'pruned', pausedAt: undefined });
      break;
    case 'failed':
      Object.assign(trial, { state: 'failed', message: event.message, pausedAt: undefined });
      break;
    case 'copy':
      trial.before.push({ until: trial.pausedAt!, values: trial.values });
      trial.values = event.values;
      trial.copying = event.from;
      break;
    default:
      trial.copying = undefined;
  }
}
