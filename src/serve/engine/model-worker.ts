/** The thread of a model: it opens the folder, then works for its host until it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import type { GenerationEvent } from '../protocol.ts';
import { type FromWorker, type ToWorker, toData, type WorkerData } from './messages.ts';
import { openModel } from './open-model.ts';

const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);

try {
  const { folder, options } = workerData as WorkerData;
  const { engine, adapters, call, card, notes, dispose } = openModel(folder, options, () => work());
  const cancels = new Map<number, () => void>();
  let ready: [number, GenerationEvent[]][] = [];
  let isStepping = false;

  const flush = (): void => {
    if (ready.length > 0) say({ kind: 'events', events: ready });
    ready = [];
  };

  /** Steps while there is work; between two the messages that have come get their turn. */
  const run = async (): Promise<void> => {
    if (isStepping) return;
    isStepping = true;
    try {
      // Nothing is awaited after the last step: a request that comes then finds that nobody is stepping.
      while (engine.step()) {
        flush();
        await new Promise(setImmediate);
      }
      flush();
    } finally {
      isStepping = false;
    }
  };

  const work = (): void => {
    run().catch(error => say({ kind: 'error', error: toData(error) }));
  };

  const fail = (id: number, error: unknown): void => {
    cancels.delete(id);
    flush();
    say({ kind: 'error', id, error: toData(error) });
  };

  const answers: { [K in ToWorker['kind']]: (message: Extract<ToWorker, { kind: K }>) => unknown } = {
    generate({ id, request }) {
      const send = (events: readonly GenerationEvent[]): void => {
        const last = ready.at(-1);
        if (last?.[0] === id) last[1].push(...events);
        else ready.push([id, [...events]]);
        if (events.at(-1)?.type === 'end') cancels.delete(id);
      };
      cancels.set(
        id,
        engine.submit(request, send, error => fail(id, error)),
      );
      work();
    },
    cancel({ id }) {
      cancels.get(id)?.();
      cancels.delete(id);
    },
    call: ({ name, input }) => call(name, input),
    stats: () => engine.stats(),
    loadAdapter: ({ name, path }) => adapters.load(name, path),
    unloadAdapter: ({ name }) => adapters.unload(name),
    close() {
      for (const cancel of cancels.values()) cancel();
      engine.step();
      dispose();
      port.close();
    },
  };

  port.on('message', (message: ToWorker) => {
    const { id, kind } = message;
    try {
      const result = (answers[kind] as (message: ToWorker) => FromWorkerResult)(message);
      if (kind !== 'generate' && kind !== 'cancel') say({ kind: 'result', id, result });
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
