/** The thread of a model: it opens the folder, then works for its host until it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import { FileChangedError, requireWholeFiles } from '../torch/map-file.ts';
import { type FromWorker, type ToWorker, toData, type WorkerData } from './messages.ts';
import { openModel } from './open-model.ts';
import type { GenerationEvent } from './protocol.ts';
import { NOBODY } from './shares.ts';
import { createTurns } from './turns.ts';

/** Time for requests that have come, between two steps. */
const ARRIVALS_MS = 5;

const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);

try {
  const { folder, options } = workerData as WorkerData;
  const { engine, adapters, loadAdapter, call, card, notes, dispose } = openModel(folder, options, () => start());
  const cancels = new Map<number, () => void>();
  const calls = createTurns<{ id: number; parts: Generator<void, FromWorkerResult> }>();
  /** Requests that have arrived and are not started: starting hundreds at once would stall the sequences being decoded. */
  const arrivals = new Map<number, () => void>();
  let ready: [number, GenerationEvent[]][] = [];
  let isStepping = false;

  const flush = (): void => {
    if (ready.length > 0) say({ kind: 'events', events: ready });
    ready = [];
  };

  /** Begins requests for some milliseconds, at least one. */
  const receive = (): void => {
    const until = performance.now() + ARRIVALS_MS;
    for (const [id, begin] of arrivals) {
      arrivals.delete(id);
      try {
        begin();
      } catch (error) {
        fail(id, error);
      }
      if (performance.now() >= until) return;
    }
  };

  /** One part of a call, in turn with those of others. */
  const callOn = (): boolean => {
    const next = calls.shift();
    if (!next) return false;
    const { id, parts } = next.item;
    try {
      const { done, value } = parts.next();
      requireWholeFiles();
      if (done) say({ kind: 'result', id, result: value });
      else calls.unshift(next.item, next.owner);
    } catch (error) {
      if (error instanceof FileChangedError) throw error;
      fail(id, error);
    }
    return true;
  };

  /** One step of the running sequences, and a part of what is computed in one pass; false when there is nothing to do. */
  const work = (): boolean => {
    receive();
    const stepped = engine.step();
    // What was computed from pages that are no longer there is not sent.
    requireWholeFiles();
    return callOn() || stepped || arrivals.size > 0;
  };

  /** Works while there is something to do; between two steps the messages that have come get their turn. */
  const run = async (): Promise<void> => {
    if (isStepping) return;
    isStepping = true;
    try {
      // Nothing is awaited after the last step: a request that comes then finds that nobody is stepping.
      while (work()) {
        flush();
        await new Promise(setImmediate);
      }
      flush();
    } finally {
      isStepping = false;
    }
  };

  const fail = (id: number, error: unknown): void => {
    cancels.delete(id);
    flush();
    say({ kind: 'error', id, error: toData(error) });
  };

  const start = (): void => void run().catch(error => say({ kind: 'error', error: toData(error) }));

  const answers: { [K in ToWorker['kind']]: (message: Extract<ToWorker, { kind: K }>) => unknown } = {
    generate({ id, request, owner }) {
      const send = (events: readonly GenerationEvent[]): void => {
        const last = ready.at(-1);
        if (last?.[0] === id) last[1].push(...events);
        else ready.push([id, [...events]]);
        if (events.at(-1)?.type === 'end') cancels.delete(id);
      };
      arrivals.set(id, () => {
        cancels.set(
          id,
          engine.submit(request, send, error => fail(id, error), owner),
        );
      });
      start();
    },
    cancel({ id }) {
      arrivals.delete(id);
      cancels.get(id)?.();
      cancels.delete(id);
      calls.remove(one => one.id === id);
    },
    call({ id, name, input, owner = NOBODY }) {
      calls.push({ id, parts: call(name, input) }, owner);
      start();
    },
    stats() {
      const stats = engine.stats();
      return { ...stats, queued: stats.queued + arrivals.size };
    },
    loadAdapter: ({ name, path }) => loadAdapter(name, path),
    unloadAdapter: ({ name }) => adapters.unload(name),
    close() {
      arrivals.clear();
      for (const cancel of cancels.values()) cancel();
      calls.remove(() => true);
      engine.step();
      dispose();
      port.close();
    },
  };

  port.on('message', (message: ToWorker) => {
    const { id, kind } = message;
    try {
      const result = (answers[kind] as (message: ToWorker) => FromWorkerResult)(message);
      if (kind !== 'generate' && kind !== 'cancel' && kind !== 'call') say({ kind: 'result', id, result });
    } catch (error) {
      fail(id, error);
    }
  });
  say({ kind: 'ready', card, notes });
} catch (error) {
  say({ kind: 'error', error: toData(error) });
  port.close();
}

type FromWorkerResult = Extract<FromWorker, { kind: 'result' }>['result'];
