/** Worker threads that answer requests: a queue on one side, a loop of answers on the other. */
import type { Worker } from 'node:worker_threads';
import { UserError } from './errors.ts';

/** What a worker of a `WorkerPool` is sent, and what it answers: see `answerRequests`. */
interface Message {
  id: number;
  request: unknown;
}
type Answer = { id: number; result: unknown } | { id: number; error: unknown };

/** Requests that are on their way to one worker: while one is worked on, the next lies ready. */
const AHEAD = 2;

/** What answers requests: worker threads, or the thread that asks. */
export interface Pool<Request, Result> {
  /** Answers in the order of the requests, which are taken from their source as they are worked on. */
  map(
    requests: AsyncIterable<Request> | Iterable<Request>,
    transfer?: (request: Request) => ArrayBuffer[],
  ): AsyncGenerator<Result>;
  close(): Promise<void>;
}

/** The thread that asks answers itself: for little work, which would be done before a worker thread has started. */
export const inThisThread = <Request, Result>(jobs: {
  answer(request: Request): { result: Result };
  close(): void;
}): Pool<Request, Result> => ({
  async *map(requests) {
    for await (const request of requests) yield jobs.answer(request).result;
  },
  close: async () => jobs.close(),
});

/** Worker threads that answer requests; answers come in the order of the requests, whichever thread is quicker. */
export class WorkerPool<Request, Result> implements Pool<Request, Result> {
  private readonly workers: { worker: Worker; busy: number }[];
  private readonly waiting = new Map<number, { resolve(result: Result): void; reject(error: unknown): void }>();
  private readonly free: (() => void)[] = [];
  private failure: unknown;
  private sent = 0;

  /** @param start starts one worker thread */
  constructor(threads: number, start: () => Worker) {
    this.workers = Array.from({ length: threads }, () => {
      const slot = { worker: start(), busy: 0 };
      slot.worker.on('message', (answer: Answer) => {
        slot.busy--;
        this.settle(answer);
        this.free.shift()?.();
      });
      slot.worker.on('error', error => this.fail(error));
      return slot;
    });
  }

  /**
   * Sends the requests as workers become free. Memory stays bounded: requests are taken from their source only as far
   * as a few ahead of the answers.
   *
   * @param transfer the buffers of a request that are handed over rather than copied
   */
  async *map(
    requests: AsyncIterable<Request> | Iterable<Request>,
    transfer: (request: Request) => ArrayBuffer[] = () => [],
  ): AsyncGenerator<Result> {
    const answers: Promise<Result>[] = [];
    for await (const request of requests) {
      await this.untilFree();
      const answer = this.ask(request, transfer(request));
      // An answer that fails while others are awaited is still awaited below.
      answer.catch(() => {});
      answers.push(answer);
      while (answers.length > 2 * AHEAD * this.workers.length) yield await (answers.shift() as Promise<Result>);
    }
    for (const answer of answers) yield await answer;
  }

  private async untilFree(): Promise<void> {
    while (this.failure === undefined && this.workers.every(({ busy }) => busy >= AHEAD)) {
      await new Promise<void>(resolve => this.free.push(resolve));
    }
  }

  /** Sends a request at once, to the thread with the fewest of them. How many wait is the caller's to bound. */
  ask(request: Request, transfer: ArrayBuffer[] = []): Promise<Result> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const slot = this.workers.reduce((least, other) => (other.busy < least.busy ? other : least));
    const id = this.sent++;
    slot.busy++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      slot.worker.postMessage({ id, request } satisfies Message, transfer);
    });
  }

  private settle(answer: Answer): void {
    const promise = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if ('error' in answer) promise?.reject(revive(answer.error));
    else promise?.resolve(answer.result as Result);
  }

  private fail(error: unknown): void {
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    for (const wake of this.free.splice(0)) wake();
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map(({ worker }) => worker.terminate()));
  }
}

/** The worker's side: answers each request with what `answer` returns or throws. */
export function answerRequests<Request, Result>(
  port: { on(event: 'message', listener: (message: Message) => void): void; postMessage: Worker['postMessage'] },
  answer: (request: Request) => { result: Result; transfer?: ArrayBuffer[] },
): void {
  port.on('message', ({ id, request }) => {
    try {
      const { result, transfer } = answer(request as Request);
      port.postMessage({ id, result } satisfies Answer, transfer);
    } catch (error) {
      port.postMessage({ id, error: flatten(error) } satisfies Answer);
    }
  });
}

/** Structured cloning keeps the message and the stack of an error, but not what makes it a `UserError`. */
const flatten = (error: unknown): unknown =>
  error instanceof UserError
    ? { userError: true, code: error.code, message: error.message, hint: error.hint, exitCode: error.exitCode }
    : error;

function revive(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('userError' in error)) return error;
  const { code, message, hint, exitCode } = error as unknown as UserError;
  return new UserError(code, message, { hint, exitCode });
}
