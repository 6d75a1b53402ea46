/** Rewards of answers from a worker thread, which is ended when one of them takes too long. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Said } from '../../data/rows/rows.ts';
import { isModuleReward, nameOfReward, type RewardOptions } from '../../objectives/reward-options.ts';
import { UserError } from '../../support/errors.ts';
import { startWorker } from '../../support/workers.ts';

export interface RewardItem {
  prompt: Said;
  completion: string;
  columns: Readonly<Record<string, unknown>>;
}

export interface RewardWorkerData {
  rewards: readonly RewardOptions[];
  /** Shared: the item and the reward that it is at, and how many calls there have been. */
  at: Int32Array;
}

export type RewardAnswer =
  | { kind: 'ready' }
  | { kind: 'unfit'; message: string; hint: string | undefined }
  | { kind: 'scored'; values: (number | null)[][] }
  | { kind: 'failed'; item: number; reward: number; message: string };

export interface RewardFunctions {
  /**
   * Of each item the number of each reward, or null.
   *
   * @param places where the items' rows are, for errors
   * @throws UserError that names row and reward when one throws, takes too long or gives no number
   */
  score(items: readonly RewardItem[], places: readonly string[]): Promise<(number | null)[][]>;
  close(): Promise<void>;
}

/** How often the time that a call has taken is looked at. */
const LOOK = 50;
/** Seconds in which modules must be loaded. */
const LOADING = 60;

/** @throws UserError for a module that is not there */
export function requireModules(rewards: readonly RewardOptions[]): void {
  for (const one of rewards) {
    if (!isModuleReward(one) || existsSync(one.reward)) continue;
    throw new UserError('TSLM_NO_REWARD', `objective.rewards: ${one.reward}: no such file`, {
      hint: 'the path is relative to where the command is started',
      exitCode: 2,
    });
  }
}

/**
 * Starts the thread and loads the modules.
 *
 * @param timeLimit seconds that a reward may take for an answer
 * @throws UserError when a module cannot be loaded or exports no reward
 */
export async function startRewards(rewards: readonly RewardOptions[], timeLimit: number): Promise<RewardFunctions> {
  requireModules(rewards);
  const at = new Int32Array(new SharedArrayBuffer(12));
  const whole = rewards.map(one => (isModuleReward(one) ? { ...one, reward: resolve(one.reward) } : one));
  const data: RewardWorkerData = { rewards: whole as RewardOptions[], at };
  const worker = startWorker(import.meta.url, './reward-worker', { workerData: data });
  worker.unref();
  const first = await answerOf(worker, () => {}, { seconds: LOADING, count: () => 0 });
  if (first.kind !== 'ready') {
    await worker.terminate();
    const modules = rewards.filter(isModuleReward).map(nameOfReward).join(', ');
    throw new UserError(
      'TSLM_BAD_REWARD',
      `objective.rewards: ${modules}: ${first.kind === 'unfit' ? first.message : 'it is not loaded after a minute'}`,
      {
        hint:
          (first.kind === 'unfit' ? first.hint : undefined) ??
          'a module exports a function (prompt, completion, row) => number',
        exitCode: 2,
      },
    );
  }
  return {
    async score(items, places) {
      if (items.length === 0) return [];
      const answer = await answerOf(worker, () => worker.postMessage(items), {
        seconds: timeLimit,
        count: () => Atomics.load(at, 2),
      });
      if (answer.kind === 'scored') return answer.values;
      await worker.terminate();
      const hangs = answer.kind !== 'failed';
      const [item, reward] = hangs ? [Atomics.load(at, 0), at[1]] : [answer.item, answer.reward];
      const what = hangs ? `takes longer than ${timeLimit} s` : answer.message;
      throw new UserError(
        'TSLM_BAD_REWARD',
        `${places[item]}: the reward '${nameOfReward(rewards[reward])}' ${what}, for the answer ${JSON.stringify(items[item].completion.slice(0, 80))}`,
        { hint: hangs ? 'repair it, or give it more: objective.timeLimit' : 'repair it, and `tslm resume` goes on' },
      );
    },
    close: async () => void (await worker.terminate()),
  };
}

/** The worker's next answer; `hangs` when one call has taken too long. */
function answerOf(
  worker: Worker,
  ask: () => void,
  { seconds, count }: { seconds: number; count: () => number },
): Promise<RewardAnswer | { kind: 'hangs' }> {
  return new Promise((done, fail) => {
    let [calls, since] = [-1, performance.now()];
    const end = (act: () => void): void => {
      clearInterval(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onMessage = (answer: RewardAnswer): void => end(() => done(answer));
    const onError = (error: unknown): void => end(() => fail(error));
    const onExit = (): void =>
      end(() => fail(new UserError('TSLM_BAD_REWARD', 'a reward has ended its thread', { hint: 'it must not exit' })));
    const timer = setInterval(() => {
      const now = performance.now();
      if (count() !== calls) [calls, since] = [count(), now];
      else if (now - since > seconds * 1000) end(() => done({ kind: 'hangs' }));
    }, LOOK);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    ask();
  });
}
