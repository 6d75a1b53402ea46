/** A model in a worker thread, so that the thread that answers never computes. */
import { basename } from 'node:path';
import { modelFolder } from '../models/auto.ts';
import { UserError } from '../support/errors.ts';
import { explainShortage } from '../support/memory-errors.ts';
import { startWorker } from '../support/workers.ts';
import { configureRuntime } from '../torch/cpu.ts';
import {
  type ErrorData,
  type FromWorker,
  fromData,
  type OpenOptions,
  type ToWorker,
  type WorkerData,
} from './messages.ts';
import type {
  Calls,
  Engine,
  EngineStats,
  GenerationEvent,
  GenerationRequest,
  ModelCard,
  Owner,
  Results,
} from './protocol.ts';
import { isLong } from './text-calls.ts';
import { createTextThread } from './text-thread.ts';

export type { OpenOptions } from './messages.ts';

export interface OpenedEngine extends Engine, AsyncDisposable {
  /** What is worth knowing of the model as it was loaded: memory, element type, leftovers of the checkpoint. */
  readonly notes: readonly string[];
  /** Resolves with the reason when the model has ended without having been closed: its thread died, or it cannot go on. */
  readonly ended: Promise<unknown>;
}

interface Stream {
  push(events: readonly GenerationEvent[]): void;
  fail(error: unknown): void;
}

type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;

/**
 * Opens a model for requests.
 *
 * @param path a model folder, the folder of a run, or a model of the hub that was pulled
 * @throws UserError when there is no model, it cannot be loaded, or memory does not suffice
 */
export async function openEngine(path: string, options: OpenOptions = {}): Promise<OpenedEngine> {
  const folder = modelFolder(path);
  configureRuntime(); // libtorch reads the environment of the process, not that of a worker
  const workerData: WorkerData = { folder, options: { name: basename(folder), ...options } };
  const worker = startWorker(import.meta.url, './model-worker', { workerData });
  const texts = createTextThread(folder, options.maxQueue);
  const streams = new Map<number, Stream>();
  const calls = new Map<number, { resolve: (result: unknown) => void; reject: (error: unknown) => void }>();
  let nextId = 1;
  let closed: Promise<void> | undefined;
  /** A program may end while nobody waits for an answer. */
  const stayWhileAsked = (): void => {
    if (calls.size + streams.size > 0) worker.ref();
    else worker.unref();
  };

  const { promise: opened, resolve: open, reject: refuse } = withResolvers<{ card: ModelCard; notes: string[] }>();
  const endAll = (error: unknown): void => {
    refuse(error);
    for (const { reject } of calls.values()) reject(error);
    for (const { fail } of streams.values()) fail(error);
    calls.clear();
    streams.clear();
    stayWhileAsked();
  };
  const { promise: ended, resolve: tellEnd } = withResolvers<unknown>();
  /** Nobody answers any more: what is under way has failed, and whoever opened the model may open it again. */
  const die = (reason: unknown): void => {
    refuse(explainShortage(reason));
    if (closed) return;
    closed = Promise.resolve();
    void worker.terminate();
    endAll(modelDown(reason));
    tellEnd(reason);
  };
  const onError = (id: number | undefined, data: ErrorData): void => {
    const error = fromData(data);
    if (id === undefined) {
      die(error);
      return;
    }
    calls.get(id)?.reject(error);
    calls.delete(id);
    streams.get(id)?.fail(error);
    streams.delete(id);
    stayWhileAsked();
  };
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') open(message);
    else if (message.kind === 'events') {
      for (const [id, events] of message.events) {
        streams.get(id)?.push(events);
        if (events.at(-1)?.type === 'end') streams.delete(id);
      }
      stayWhileAsked();
    } else if (message.kind === 'error') onError(message.id, message.error);
    else {
      calls.get(message.id)?.resolve(message.result);
      calls.delete(message.id);
      stayWhileAsked();
    }
  });
  worker.on('error', die);
  worker.on('exit', code => {
    void texts.close();
    if (!closed) die(new Error(`the thread of the model has ended with code ${code}`));
    endAll(new UserError('TSLM_CLOSED', 'the model was closed', { hint: 'load it again' }));
  });

  const tell = (message: ToWorker): void => worker.postMessage(message);
  const ask = <T>(message: WithoutId<ToWorker>, signal?: AbortSignal): Promise<T> => {
    signal?.throwIfAborted();
    if (closed) return Promise.reject(new UserError('TSLM_CLOSED', 'the model is closed', { hint: 'load it again' }));
    const id = nextId++;
    const { promise, resolve, reject } = withResolvers<T>();
    calls.set(id, { resolve: resolve as (result: unknown) => void, reject });
    stayWhileAsked();
    const abort = (): void => {
      calls.delete(id);
      stayWhileAsked();
      tell({ id, kind: 'cancel' });
      reject(signal!.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    tell({ ...message, id } as ToWorker);
    return promise.finally(() => signal?.removeEventListener('abort', abort));
  };

  /** The request with the tokens of a long prompt in place of its text. */
  const read = async (request: GenerationRequest, signal?: AbortSignal): Promise<GenerationRequest> => {
    const { prompt } = request;
    if ('ids' in prompt || !isLong(prompt)) return request;
    const { ids } = await texts.ask('promptIds', { prompt }, signal);
    return { ...request, prompt: { ids, ...('text' in prompt && { task: prompt.task }) } };
  };

  async function* generate(
    given: GenerationRequest,
    signal?: AbortSignal,
    owner?: Owner,
  ): AsyncGenerator<GenerationEvent, void> {
    signal?.throwIfAborted();
    if (closed) throw new UserError('TSLM_CLOSED', 'the model is closed', { hint: 'load it again' });
    const request = await read(given, signal);
    const id = nextId++;
    let pending: GenerationEvent[] = [];
    let failure: { error: unknown } | undefined;
    let wake = (): void => {};
    streams.set(id, {
      push(events) {
        pending.push(...events);
        wake();
      },
      fail(error) {
        failure = { error };
        wake();
      },
    });
    const abort = (): void => {
      failure = { error: signal!.reason };
      tell({ id, kind: 'cancel' });
      wake();
    };
    stayWhileAsked();
    signal?.addEventListener('abort', abort, { once: true });
    tell({ id, kind: 'generate', request, owner });
    let isOver = false;
    try {
      while (!isOver) {
        const events = pending;
        pending = [];
        for (const event of events) {
          isOver = event.type === 'end';
          yield event;
        }
        if (isOver) return;
        if (failure) {
          isOver = true;
          throw failure.error;
        }
        if (pending.length === 0) await new Promise<void>(resolve => (wake = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      streams.delete(id);
      stayWhileAsked();
      // Whoever leaves early wants no more of it.
      if (!isOver) tell({ id, kind: 'cancel' });
    }
  }

  const close = (): Promise<void> => {
    closed ??= new Promise(resolve => {
      worker.ref();
      worker.once('exit', () => resolve());
      tell({ id: nextId++, kind: 'close' });
    });
    void texts.close();
    return closed;
  };

  const { card, notes } = await opened;
  stayWhileAsked();
  return {
    card,
    notes,
    generate,
    ended,
    async call<K extends keyof Calls>(
      name: K,
      input: Calls[K],
      signal?: AbortSignal,
      owner?: Owner,
    ): Promise<Results[K]> {
      if ((name === 'tokenize' || name === 'detokenize') && isLong(input)) {
        return (await texts.ask(name, input as never, signal)) as Results[K];
      }
      return ask({ kind: 'call', name, input, owner }, signal);
    },
    stats: () => ask<EngineStats>({ kind: 'stats' }),
    async loadAdapter(name, path) {
      const fingerprint = await ask<string>({ kind: 'loadAdapter', name, path });
      return { ...card, id: name, parent: card.id, path, fingerprint, created: Math.floor(Date.now() / 1000) };
    },
    unloadAdapter: name => ask({ kind: 'unloadAdapter', name }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const modelDown = (cause: unknown): UserError =>
  new UserError('TSLM_MODEL_DOWN', 'the model has ended unexpectedly', {
    hint: 'it is being started again: try again in a moment',
    cause,
  });

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
