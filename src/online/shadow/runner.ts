/**
 * Puts requests that were answered to a revision in the shadow as well: when their answer is out, one after another, and no sooner than
 * those that wait. What it writes is kept beside the answer and shown to nobody.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import BetterSqlite from 'better-sqlite3';
import type { Engine, ModelPool } from '../../engine/protocol.ts';
import { UserError } from '../../support/errors.ts';
import type { Asked, Kept, Recording } from '../recorder.ts';

export interface ShadowRunnerOptions {
  pool: ModelPool;
  /** The name in the pool of what answers in the shadow. */
  name: string;
  record(asked: Asked): Recording;
  /** Told of each answer that is kept, by its id. */
  onAnswer(id: string): void;
  /** Told of a request that failed, by its code. */
  onFailure(code: string): void;
}

export interface ShadowRunner {
  /** False where too many wait already. */
  offer(kept: Kept): boolean;
  /** Ends what is under way, and forgets what waits. */
  close(): Promise<void>;
}

/** Requests that wait for the shadow at most; the others are left out. */
const MOST = 32;
/** Milliseconds between two looks at whether anything runs, and until it goes on beside what runs. */
const [LOOK, PATIENCE] = [20, 2000];

export function createShadowRunner({ pool, name, record, onAnswer, onFailure }: ShadowRunnerOptions): ShadowRunner {
  const waiting: Kept[] = [];
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    for (let next = waiting.shift(); next && !closing.signal.aborted; next = waiting.shift()) {
      try {
        onAnswer(await run(next));
      } catch (error) {
        if (closing.signal.aborted) return;
        // Forgotten in the meantime: then this is, too.
        const isGone = error instanceof BetterSqlite.SqliteError && error.code === 'SQLITE_CONSTRAINT_FOREIGNKEY';
        if (!isGone) onFailure(error instanceof UserError ? error.code : (error as Error).name);
      }
    }
  }

  async function run({ asked, request: given }: Kept): Promise<string> {
    const { engine, card, adapter, hold } = pool.find(name);
    const release = hold();
    try {
      await quiet(engine, closing.signal);
      const { id, ...rest } = asked;
      const revision = card.fingerprint ?? '';
      const own = `${id}-shadow`;
      const recording = record({ ...rest, id: own, revision, shadowOf: id });
      const request = recording.request(given);
      const owner = { client: name, request: id };
      for await (const event of engine.generate({ ...request, adapter }, closing.signal, owner)) {
        recording.take(request, event);
      }
      return own;
    } finally {
      release();
    }
  }

  return {
    offer(kept) {
      if (waiting.length >= MOST || closing.signal.aborted) return false;
      waiting.push(kept);
      running ??= runAll().finally(() => (running = undefined));
      return true;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** Until nothing runs or waits there, or for long enough. */
async function quiet(engine: Engine, signal: AbortSignal): Promise<void> {
  for (let waited = 0; waited < PATIENCE; waited += LOOK) {
    const { queued, running } = await engine.stats();
    if (queued + running === 0) return;
    await sleep(LOOK, undefined, { signal });
  }
}
