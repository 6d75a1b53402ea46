/**
 * A model that is opened again when its thread has ended: after a second, and as long as that fails or it ends again soon, after
 * two, four, up to a minute. Meanwhile requests fail with the time after which it is worth asking again.
 */
import type { OpenedEngine } from './open-engine.ts';
import type { Engine } from './protocol.ts';
import { RequestError } from './request-error.ts';

export interface SupervisedEngine extends Omit<OpenedEngine, 'ended'> {
  readonly isUp: boolean;
  readonly restarts: number;
  /** @throws RequestError while the model does not answer */
  requireUp(): void;
}

export interface SuperviseOptions {
  /** Told that the model has ended, or could not be opened again, and in how many seconds the next try is. */
  onDown?: (reason: unknown, seconds: number) => void;
  /** Told that it answers again. */
  onUp?: () => void;
  /** Milliseconds before each try, the longest after many in a row. */
  delays?: readonly number[];
  /** Milliseconds at work after which what was before is forgotten. */
  stableMs?: number;
}

const DELAYS = [1, 2, 4, 8, 16, 32, 60].map(seconds => seconds * 1000);

/** @throws what `open` throws the first time */
export async function supervise(
  open: () => Promise<OpenedEngine>,
  { onDown = () => {}, onUp = () => {}, delays = DELAYS, stableMs = 60_000 }: SuperviseOptions = {},
): Promise<SupervisedEngine> {
  let engine = await open();
  let openedAt = performance.now();
  /** When the next try is, while it is down. */
  let nextTry: number | undefined;
  let tries = 0;
  let restarts = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let opening: Promise<void> | undefined;
  const adapters = new Map<string, string>();

  function down(reason: unknown): void {
    if (isClosed) return;
    const delay = delays[Math.min(tries++, delays.length - 1)];
    nextTry = performance.now() + delay;
    timer = setTimeout(() => {
      opening = again().finally(() => (opening = undefined));
    }, delay).unref();
    onDown(reason, delay / 1000);
  }

  async function again(): Promise<void> {
    let opened: OpenedEngine | undefined;
    try {
      opened = await open();
      for (const [name, path] of adapters) await opened.loadAdapter(name, path);
    } catch (error) {
      await opened?.close();
      down(error);
      return;
    }
    engine = opened;
    nextTry = undefined;
    openedAt = performance.now();
    restarts++;
    onUp();
    follow();
  }

  function follow(): void {
    void engine.ended.then(reason => {
      if (performance.now() - openedAt > stableMs) tries = 0;
      down(reason);
    });
  }

  function requireUp(): void {
    if (nextTry === undefined) return;
    const seconds = Math.max(1, Math.ceil((nextTry - performance.now()) / 1000));
    throw new RequestError('TSLM_MODEL_DOWN', `the model '${engine.card.id}' has ended and is being started again`, {
      hint: 'try again in a moment; the log of the server says why',
      retryAfter: seconds,
    });
  }

  const live = (): OpenedEngine => {
    requireUp();
    return engine;
  };

  const close = async (): Promise<void> => {
    isClosed = true;
    clearTimeout(timer);
    await opening;
    await engine.close();
  };

  follow();
  return {
    get card() {
      return engine.card;
    },
    get notes() {
      return engine.notes;
    },
    get isUp() {
      return nextTry === undefined;
    },
    get restarts() {
      return restarts;
    },
    requireUp,
    async *generate(...given: Parameters<Engine['generate']>) {
      yield* live().generate(...given);
    },
    call: async (...given) => live().call(...given),
    stats: async () => live().stats(),
    async loadAdapter(name, path) {
      const card = await live().loadAdapter(name, path);
      adapters.set(name, path);
      return card;
    },
    async unloadAdapter(name) {
      adapters.delete(name);
      if (nextTry === undefined) await engine.unloadAdapter(name);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
