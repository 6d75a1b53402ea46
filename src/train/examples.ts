/**
 * The examples of each step: made in the loop, or ahead of it by worker threads where making them takes a share of a step that
 * is worth a thread. What an example is follows from (seed, epoch, index) and the progress of the training, so that both
 * give the same bits, whatever the number of threads.
 */
import { availableParallelism } from 'node:os';
import type { Dataset } from '../data/rows/dataset.ts';
import type { AnyObjective } from '../objectives/objective.ts';
import { messageOf } from '../support/errors.ts';
import { randomFor } from '../support/random.ts';
import type { Drawn, Sampler } from './sampler.ts';

/** Threads that make examples as `examplesOf` does. */
export interface ExampleWorkers {
  /** Resolved when they can. */
  readonly ready: Promise<void>;
  make(rows: readonly Drawn[], progress: number): Promise<unknown[]>;
  close(): Promise<void>;
}

export interface WorkerOptions {
  start(threads: number): ExampleWorkers;
  /** How many; `auto`: as many as it takes, once making examples turns out to take over 3 % of a step; 0: none. */
  threads: number | 'auto';
  /** Told why threads that `auto` wanted could not begin: the examples are made in the loop then. */
  onFailure?(reason: string): void;
}

/** What examples are made of. */
export interface ExampleData {
  objective: AnyObjective;
  // biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
  data: Dataset<any>;
  /** Of what is random in examples. */
  seed: number;
}

/** The examples of rows, in this thread. */
export const examplesOf = (
  { objective, data, seed }: ExampleData,
  rows: readonly Drawn[],
  progress: number,
): unknown[] =>
  rows.map(({ index, epoch }) => objective.example(data.row(index, epoch), randomFor(seed, epoch, index), progress));

export interface ExampleFeedOptions extends ExampleData {
  sampler: Pick<Sampler, 'batch'>;
  /** Micro-batches of a step. */
  parts: number;
  /** Steps of the run: beyond them nothing is made. */
  steps: number;
  /** How much of the training is done at a step, from 0 to 1, as far as it is known now. */
  progressAt(step: number): number;
  workers?: WorkerOptions;
}

export interface ExampleFeed {
  /** The examples of each micro-batch of a step. Rejects with what making them throws, at the step that needs them. */
  next(step: number): Promise<unknown[][]>;
  /** How long the last step took, and how much of it the loop waited for `next`, in seconds. */
  took(times: { seconds: number; wait: number }): void;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Most steps whose examples are prefetched. */
const AHEAD = 4;
/** A share of a step's time for which a thread is worth its start and its memory. */
const WORTH = 0.03;
/** Steps that are timed before that is decided; in the first one nothing is compiled yet. */
const TIMED = 4;
/** Rows that are worth a message. */
const LEAST_ROWS = 4;

export function exampleFeed(options: ExampleFeedOptions): ExampleFeed {
  const { objective, sampler, parts, steps, progressAt, workers } = options;
  const ahead = new Map<number, Promise<unknown[][]>>();
  const timed = { steps: 0, seconds: 0, wait: 0 };
  let pool: (ExampleWorkers & { threads: number }) | undefined;
  let isReady = false;

  const rowsOf = (step: number): Drawn[][] =>
    Array.from({ length: parts }, (_, part) =>
      sampler.batch(step, part).map(({ index, epoch }) => ({
        index,
        epoch: objective.copies === undefined ? epoch : epoch % objective.copies,
      })),
    );

  const begin = (threads: number): void => {
    const started = { ...workers!.start(threads), threads };
    pool = started;
    started.ready.then(
      () => {
        isReady = true;
      },
      (error: unknown) => {
        if (workers!.threads === 'auto') workers!.onFailure?.(messageOf(error));
      },
    );
  };

  /** Asks the threads for a step, each micro-batch in pieces. */
  const ask = (step: number, { make, threads }: NonNullable<typeof pool>): Promise<unknown[][]> => {
    const progress = progressAt(step);
    const batches = rowsOf(step).map(async rows => {
      const size = Math.max(LEAST_ROWS, Math.ceil(rows.length / threads));
      const pieces = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
        make(rows.slice(i * size, (i + 1) * size), progress),
      );
      return (await Promise.all(pieces)).flat();
    });
    const all = Promise.all(batches);
    all.catch(() => {}); // thrown at its step, if the loop gets there
    return all;
  };

  if (typeof workers?.threads === 'number' && workers.threads > 0) begin(workers.threads);

  return {
    async next(step) {
      // Threads that somebody asked for are waited for; those that seemed worth it may take their time.
      if (workers?.threads !== 'auto') await pool?.ready;
      const found = ahead.get(step);
      ahead.delete(step);
      const examples = found ? await found : rowsOf(step).map(rows => examplesOf(options, rows, progressAt(step)));
      for (let next = step + 1; pool && isReady && next <= step + AHEAD && next < steps; next++) {
        if (!ahead.has(next)) ahead.set(next, ask(next, pool));
      }
      return examples;
    },

    took({ seconds, wait }) {
      if (pool !== undefined || workers?.threads !== 'auto' || timed.steps++ === 0) return;
      timed.seconds += seconds;
      timed.wait += wait;
      if (timed.steps < TIMED || timed.wait < WORTH * timed.seconds) return;
      // Half as many again as would do, since steps do not all take the same.
      const enough = Math.ceil((1.5 * timed.wait) / Math.max(timed.seconds - timed.wait, 1e-9));
      begin(Math.min(enough, Math.max(1, availableParallelism() - 1)));
    },

    async close() {
      await pool?.close();
    },
  };
}

/** Whether threads that have neither model nor images can make an objective's examples, one from each row. */
export const isMadeByWorkers = ({ rows, arrange }: Pick<AnyObjective, 'rows' | 'arrange'>): boolean =>
  rows !== 'image' && arrange === undefined;
