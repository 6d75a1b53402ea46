/** The worker thread that runs rewards: what it is at is written where the other side sees it although this one may hang. */
import { register } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type BuiltInReward, isModuleReward, type ModuleReward, type Reward } from '../../objectives/reward-options.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { workerFile } from '../../support/workers.ts';
import { builtInReward } from './built-in.ts';
import type { RewardAnswer, RewardItem, RewardWorkerData } from './reward-functions.ts';
import { findCompiler } from './typescript-compiler.ts';

const { rewards, at } = workerData as RewardWorkerData;
const port = parentPort as MessagePort;
const say = (answer: RewardAnswer): void => port.postMessage(answer);

try {
  const functions: Reward[] = [];
  for (const one of rewards) functions.push(isModuleReward(one) ? await loaded(one as ModuleReward) : ours(one));
  port.on('message', (items: readonly RewardItem[]) => void scored(functions, items).then(say));
  say({ kind: 'ready' });
} catch (error) {
  const hint = error instanceof UserError ? error.hint : undefined;
  say({ kind: 'unfit', message: messageOf(error), hint });
}

function ours(one: (typeof rewards)[number]): Reward {
  return builtInReward(one as Exclude<BuiltInReward, { reward: 'model' }>);
}

/** Numbers of each item by each function, or the first that is none. */
async function scored(functions: readonly Reward[], items: readonly RewardItem[]): Promise<RewardAnswer> {
  const values: (number | null)[][] = [];
  for (const [i, { prompt, completion, columns }] of items.entries()) {
    const own: (number | null)[] = [];
    for (const [f, reward] of functions.entries()) {
      at[1] = f;
      Atomics.store(at, 0, i);
      Atomics.add(at, 2, 1);
      let value: unknown;
      try {
        value = await reward(prompt, completion, columns);
      } catch (error) {
        return { kind: 'failed', item: i, reward: f, message: `throws: ${messageOf(error)}` };
      }
      if (value !== null && !(typeof value === 'number' && Number.isFinite(value))) {
        const what = typeof value === 'number' ? String(value) : typeof value;
        return { kind: 'failed', item: i, reward: f, message: `returns ${what}, and no number` };
      }
      own.push(value);
    }
    values.push(own);
  }
  return { kind: 'scored', values };
}

/** What a module exports: its default, the function that is named, or the only one. */
async function loaded({ reward: path, export: name }: ModuleReward): Promise<Reward> {
  if (/\.[cm]?ts$/.test(extname(path)) && !('typescript' in process.features && process.features.typescript)) {
    const data = findCompiler([path, import.meta.url]);
    register(pathToFileURL(workerFile(import.meta.url, './typescript-hooks')), { data });
  }
  const found = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const functions = Object.keys(found).filter(key => typeof found[key] === 'function');
  const wanted =
    name ?? (functions.includes('default') ? 'default' : functions.length === 1 ? functions[0] : undefined);
  if (wanted !== undefined && functions.includes(wanted)) return found[wanted] as Reward;
  throw new Error(
    wanted === undefined
      ? `it exports ${functions.length === 0 ? 'no function' : `the functions ${functions.join(', ')}: say which one with 'export'`}`
      : `it exports no function '${wanted}', only ${functions.join(', ') || 'none'}`,
  );
}
