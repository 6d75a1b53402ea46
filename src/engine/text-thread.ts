/**
 * Long texts become tokens, and long lists of tokens text, in a thread beside the model's, one after the other: the texts that
 * grow do not wait for them. The thread starts with the first of them and ends when none has come for a while.
 */
import type { Worker } from 'node:worker_threads';
import { UserError } from '../support/errors.ts';
import { startWorker } from '../support/workers.ts';
import { type ErrorData, fromData } from './messages.ts';
import type { TextCalls, TextResults } from './text-calls.ts';

export interface TextQuestion {
  name: keyof TextCalls;
  input: TextCalls[keyof TextCalls];
}

export type ToTextWorker = TextQuestion | 'more';

export type FromTextWorker =
  /** Long lists are dear to receive: they come in parts, each when it is asked for, so that the receiver has time for others. */
  | { kind: 'part'; ids?: number[]; tokens?: string[] }
  | { kind: 'result'; result: object }
  | { kind: 'error'; error: ErrorData };

/** Of the lists of a result; what is sent in parts is empty in the result itself. */
export const ITEMS_A_MESSAGE = 20_000;

export interface TextThread {
  /** An abort ends the work at once. */
  ask<K extends keyof TextCalls>(name: K, input: TextCalls[K], signal?: AbortSignal): Promise<TextResults[K]>;
  /** Ends the thread; what is under way fails. */
  close(): Promise<void>;
}

interface Task extends TextQuestion {
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
  /** What has come of its result. */
  parts: { ids: number[]; tokens: string[] };
}

const IDLE_MILLISECONDS = 60_000;

/**
 * @param folder of the model
 * @param maxQueue texts that may wait
 */
export function createTextThread(folder: string, maxQueue = 256): TextThread {
  let worker: Worker | undefined;
  let current: Task | undefined;
  let waiting: Task[] = [];
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;

  function start(): Worker {
    const started = startWorker(import.meta.url, './text-worker', { workerData: { folder } });
    started.on('message', (message: FromTextWorker) => {
      if (started !== worker || !current) return;
      const { parts, resolve, reject } = current;
      if (message.kind === 'part') {
        for (const id of message.ids ?? []) parts.ids.push(id);
        for (const token of message.tokens ?? []) parts.tokens.push(token);
        started.postMessage('more' satisfies ToTextWorker);
        return;
      }
      if (message.kind === 'error') reject(fromData(message.error));
      else resolve(withParts(message.result, parts) as never);
      next();
    });
    started.on('error', error => {
      if (started !== worker) return;
      worker = undefined;
      current?.reject(error);
      next();
    });
    return started;
  }

  function next(): void {
    current = waiting.shift();
    clearTimeout(idle);
    if (current) {
      worker ??= start();
      worker.ref();
      worker.postMessage({ name: current.name, input: current.input } satisfies ToTextWorker);
      return;
    }
    worker?.unref();
    idle = setTimeout(() => void stop(), IDLE_MILLISECONDS).unref();
  }

  async function stop(): Promise<void> {
    const stopped = worker;
    worker = undefined;
    await stopped?.terminate();
  }

  function leave(task: Task): void {
    waiting = waiting.filter(other => other !== task);
    if (current !== task) return;
    void stop();
    next();
  }

  return {
    ask(name, input, signal) {
      signal?.throwIfAborted();
      if (isClosed) throw closed();
      if (waiting.length >= maxQueue) {
        const message = `${maxQueue} long texts are waiting already`;
        throw new UserError('TSLM_OVERLOADED', message, { hint: 'try again in a moment' });
      }
      let abort = (): void => {};
      const done = new Promise<never>((resolve, reject) => {
        const task: Task = { name, input, resolve, reject, parts: { ids: [], tokens: [] } };
        abort = () => {
          leave(task);
          reject(signal!.reason);
        };
        waiting.push(task);
      });
      signal?.addEventListener('abort', abort, { once: true });
      if (!current) next();
      return done.finally(() => signal?.removeEventListener('abort', abort));
    },
    async close() {
      isClosed = true;
      clearTimeout(idle);
      for (const task of [current, ...waiting]) task?.reject(closed());
      waiting = [];
      current = undefined;
      await stop();
    },
  };
}

function withParts(result: object, { ids, tokens }: Task['parts']): object {
  return { ...result, ...(ids.length > 0 && { ids }), ...(tokens.length > 0 && { tokens }) };
}

const closed = (): UserError => new UserError('TSLM_CLOSED', 'the model was closed', { hint: 'load it again' });
