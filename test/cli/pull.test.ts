/** `tslm pull` as a person runs it, in processes of its own, from a hub on this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bin, expectRefusal, type Outcome, type RunOptions, tslm } from '../helpers/cli.ts';
import { COMMIT, DEFAULT_FILES, ID, type Setting, setting } from '../hub/helpers.ts';
import { hashOf } from '../hub/server.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const WEIGHTS = 'model.safetensors';
let s: Setting;
beforeEach(async () => {
  s = await setting(folder);
});
afterEach(() => s.hub.close());

const run = (args: string[], options: RunOptions = {}): Promise<Outcome> =>
  tslm(['pull', ...args], { ...options, env: { ...environment(), ...options.env } });
/** Whatever the tester's own says. */
const NEUTRAL = Object.fromEntries(
  ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HF_TOKEN_PATH', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].map(name => [
    name,
    '',
  ]),
);
const environment = () => ({ ...NEUTRAL, HF_ENDPOINT: s.hub.url, HF_HOME: folder, HF_HUB_CACHE: s.cacheDir });
const lockOf = (path: string) => `${hashOf(path, s.content[path])}.tslm.lock`;
const locks = () => join(s.cacheDir, '.locks', 'models--org--model');
const snapshot = () => s.inCache('snapshots', COMMIT);

function expectWhole(): void {
  for (const path of DEFAULT_FILES)
    expect(readFileSync(join(snapshot(), path)).equals(s.content[path]), path).toBe(true);
}

describe('tslm pull', () => {
  it('prints the folder and nothing else', async () => {
    expect(await run([ID])).toEqual({ code: 0, signal: null, stdout: `${snapshot()}\n`, stderr: '' });
    expectWhole();
  });

  it('takes its options', async () => {
    const localDir = join(folder, 'model');
    const outcome = await run([ID, '--local-dir', localDir, '--exclude', 'model.*', '--exclude', 'tok*', '--json']);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      model: ID,
      commit: COMMIT,
      folder: localDir,
      files: [{ path: 'config.json', size: s.content['config.json'].length, state: 'fetched' }],
      bytes: s.content['config.json'].length,
    });
    const cacheDir = join(folder, 'another-cache');
    const { stdout } = await run([ID, '--cache-dir', cacheDir, '--revision', 'v1', '--include', '*.json']);
    expect(readFileSync(join(stdout.trim(), 'config.json'), 'utf8')).toBe('{}');
    expect(stdout).toContain(`${cacheDir}/models--org--model/snapshots/`);
  });

  it('--dry-run lists what would be fetched', async () => {
    await run([ID, '--include', 'config.json']);
    const { stdout, code } = await run([ID, '--dry-run']);
    expect(code).toBe(0);
    expect(stdout.replace(/ +/g, ' ').split('\n')).toEqual([
      'config.json 22 B, here',
      'tokenizer.json 13 B',
      'model.safetensors 300 kB',
      'to fetch 2 of 3 files, 300 kB',
      '',
    ]);
    expect(s.hub.downloads(WEIGHTS)).toEqual([]);
  });

  it('says in one line what is wrong', async () => {
    expectRefusal(await run(['org/nothing']), 1, /no model 'org\/nothing'.*\n.*HF_TOKEN/);
    expectRefusal(await run(['not a name']), 2, /'not a name' is not the name of a model/);
    expectRefusal(await run([ID, '--revision', 'v9']), 1, /no revision 'v9'/);
    expectRefusal(await run([ID], { env: { HF_HUB_OFFLINE: '1' } }), 1, /not in the cache/);
    Object.assign(s.hub.models[ID], { gated: true, token: 'hf_right' });
    const gated = await run([ID], { env: { HF_TOKEN: 'hf_wrong' } });
    expectRefusal(gated, 1, /org\/model is gated.*\n.*accept it at http.*org\/model/);
    expect(gated.stderr).not.toContain('hf_wrong');
  });
});

describe('processes', () => {
  /** Starts a pull whose weights stop arriving, and ends it with a signal when they have. */
  async function interrupted(signal: NodeJS.Signals): Promise<Outcome> {
    s.hub.faults[WEIGHTS] = [{ stallAfter: 100_000 }];
    const partial = s.inCache('blobs', `${hashOf(WEIGHTS, s.content[WEIGHTS])}.incomplete`);
    const child = spawn(process.execPath, [bin, 'pull', ID], { env: { ...process.env, ...environment() } });
    const watch = setInterval(() => {
      if (!existsSync(partial) || statSync(partial).size < 100_000) return;
      clearInterval(watch);
      child.kill(signal);
    }, 20);
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code, ended] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    clearInterval(watch);
    const [stdout, stderr] = await output;
    return { code, signal: ended, stdout, stderr };
  }

  async function expectToGoOn(): Promise<void> {
    expect((await run([ID])).code).toBe(0);
    expectWhole();
    expect(s.hub.downloads(WEIGHTS).map(({ range }) => range)).toEqual([undefined, 'bytes=100000-']);
    expect(readdirSync(locks())).not.toContain(lockOf(WEIGHTS));
  }

  it('SIGINT keeps what has arrived, and the same command goes on', async () => {
    const { code, stdout, stderr } = await interrupted('SIGINT');
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr.trim()).toBe('stopping; what has arrived is kept, and the same command goes on from there');
    expect(readdirSync(locks())).toEqual([]);
    await expectToGoOn();
  });

  it('SIGKILL as well, although a lock stays behind', async () => {
    expect((await interrupted('SIGKILL')).signal).toBe('SIGKILL');
    expect(readdirSync(locks())).toContain(lockOf(WEIGHTS));
    await expectToGoOn();
  });

  it('two at the same time fetch once', async () => {
    s.hub.faults[WEIGHTS] = [{ slowly: 3000 }];
    const outcomes = await Promise.all([run([ID]), run([ID])]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ code: 0, stdout: `${snapshot()}\n`, stderr: '' });
    expectWhole();
    expect(s.hub.downloads(WEIGHTS).length).toBe(1);
  });
});
