/** Killed at any moment: what was acknowledged is there, what answers is whole, and the next round goes on. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { loadCompleteModel } from '../../src/models/auto.ts';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { openStore } from '../../src/online/store/store.ts';
import { createRandom } from '../../src/support/random.ts';
import { bin, tslm } from '../helpers/cli.ts';
import { describeLong } from '../helpers/long.ts';
import { tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { simulate, writeReplay, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const model = tinyModelFolder(join(scratch, 'tiny'));
const replay = writeReplay(join(scratch, 'replay.jsonl'));
const [STORING, LEARNING] = [50, 12];

/** Ends a process by force after some milliseconds; what it had written. */
function killed(
  args: readonly string[],
  afterMs: (written: string) => number | undefined,
): Promise<{ out: string; isKilled: boolean }> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TSLM_THREADS: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const wait = timer === undefined ? afterMs(out) : undefined;
    if (wait !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), wait);
  };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    arm();
  });
  arm();
  return new Promise(done => {
    child.on('exit', (_, signal) => {
      clearTimeout(timer);
      done({ out, isKilled: signal === 'SIGKILL' });
    });
  });
}

const STORE = pathToFileURL(resolve('dist/online/store/store.js')).href;
/** Stores as fast as it can, and says what is acknowledged. */
const storing = (folder: string, round: number): string => `
  import { openStore } from '${STORE}';
  import { writeSync } from 'node:fs';
  const store = openStore(${JSON.stringify(folder)});
  for (let i = 0; ; i++) {
    const id = 'a${round}-' + i;
    store.addAnswer({ id, created: 1, model: 'm', revision: 'r', user: 'u', prompt: 'p', choices: [{ position: 0, text: 't', finish: 'stop' }] });
    const { id: judgement } = store.addJudgement({ answer: id, position: 0, user: 'u', value: { kind: 'thumb', thumb: 'up' } });
    writeSync(1, judgement + '\\n');
  }`;

describeLong('kill −9', () => {
  it(`loses no judgement that was acknowledged, ${STORING} times`, async () => {
    const folder = join(scratch, 'storing');
    const random = createRandom(1);
    const acknowledged: string[] = [];
    for (let round = 0; round < STORING; round++) {
      const begun = (out: string): number | undefined => (out === '' ? undefined : random.below(150));
      const { out, isKilled } = await killed(['--input-type=module', '-e', storing(folder, round)], begun);
      expect(isKilled).toBe(true);
      acknowledged.push(...out.split('\n').slice(0, -1));
      using store = openStore(folder);
      expect(store.database.pragma('integrity_check', { simple: true })).toBe('ok');
      const kept = new Set(store.judgements().map(({ id }) => id));
      expect(acknowledged.filter(id => !kept.has(id))).toEqual([]);
    }
    expect(acknowledged.length).toBeGreaterThan(STORING);
  });

  it(`leaves what answers whole, ${LEARNING} times in a round of learning, and the next round goes on`, {
    timeout: 900_000,
  }, async () => {
    const folder = join(scratch, 'learning');
    writeSettings(folder);
    {
      using store = openStore(folder);
      openRegistry(store, model);
      simulate(store, { people: 6, each: 8 });
    }
    const timed = performance.now();
    const whole = await tslm(['learn', folder, '--replay', replay, '--json']);
    const takes = performance.now() - timed;
    expect(JSON.parse(whole.stdout).outcome).toBe('promoted');
    const random = createRandom(2);
    for (let round = 0; round < LEARNING; round++) {
      {
        using store = openStore(folder);
        simulate(store, { people: 6, each: 6, seed: 10 + round, prefix: `${round}-` });
      }
      await killed([bin, 'learn', folder, '--replay', replay], () => takes * random.next());
      using store = openStore(folder);
      const registry = openRegistry(store);
      using answering = loadCompleteModel(registry.pathOf(registry.alias('champion')!));
      expect(answering.parameterCount()).toBeGreaterThan(0);
    }
    {
      using store = openStore(folder);
      simulate(store, { people: 6, each: 6, seed: 99, prefix: 'last-' });
    }
    const last = await tslm(['learn', folder, '--replay', replay, '--json']);
    expect(last.stderr).not.toContain('tslm:');
    const { outcome, candidate } = JSON.parse(last.stdout) as { outcome: string; candidate: string };
    expect(['promoted', 'rejected']).toContain(outcome);
    using store = openStore(folder);
    const registry = openRegistry(store);
    if (outcome === 'promoted') expect(registry.alias('champion')).toBe(candidate);
  });
});
