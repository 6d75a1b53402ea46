import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveModelPath } from '../../src/hub/resolve-model-path.ts';
import { scratchFolder } from '../support/scratch.ts';
import { COMMIT, DEFAULT_FILES, fakeModel, ID, OLDER, type Setting, setting } from './helpers.ts';
import { hashOf } from './server.ts';

const folder = scratchFolder();
let s: Setting;
beforeEach(async () => {
  s = await setting(folder);
});
afterEach(() => s.hub.close());

const WEIGHTS = 'model.safetensors';
const ranges = (path: string) => s.hub.downloads(path).map(({ range }) => range);
const stateOf = (result: Awaited<ReturnType<Setting['get']>>) =>
  Object.fromEntries(result.files.map(({ path, state }) => [path, state]));
const partialOf = (path: string) => s.inCache('blobs', `${hashOf(path, s.content[path])}.incomplete`);

function expectWhole(folder: string, paths = DEFAULT_FILES): void {
  for (const path of paths) expect(readFileSync(join(folder, path)).equals(s.content[path]), path).toBe(true);
}

describe('a first pull', () => {
  it('fills the cache as Hugging Face lays it out', async () => {
    const result = await s.get();
    expect(result).toMatchObject({
      model: ID,
      revision: 'main',
      commit: COMMIT,
      folder: s.inCache('snapshots', COMMIT),
    });
    expect(readdirSync(result.folder).sort()).toEqual(DEFAULT_FILES);
    expectWhole(result.folder);
    for (const path of DEFAULT_FILES) {
      const hash = hashOf(path, s.content[path]);
      expect(readlinkSync(join(result.folder, path))).toBe(`../../blobs/${hash}`);
      expect(lstatSync(s.inCache('blobs', hash)).isFile()).toBe(true);
    }
    expect(readFileSync(s.inCache('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readdirSync(s.inCache('blobs')).length).toBe(DEFAULT_FILES.length); // nothing unfinished
    expect(readdirSync(join(s.cacheDir, '.locks', 'models--org--model'))).toEqual([]);
  });

  it('says how far it is, up to the whole', async () => {
    const seen: number[] = [];
    await s.get({ onProgress: ({ done, total, initial }) => seen.push(done / total, initial) });
    expect(seen.at(-2)).toBe(1);
    expect(seen.at(-1)).toBe(0);
    expect(Math.max(...seen)).toBe(1);
  });

  it('never asks for xet, which is another protocol', async () => {
    await s.get();
    expect(s.hub.downloads(WEIGHTS).map(({ host }) => host)).toEqual(['cdn']);
  });
});

describe('a second pull', () => {
  it('fetches nothing', async () => {
    await s.get();
    const before = s.hub.downloads().length;
    expect(stateOf(await s.get())).toEqual(Object.fromEntries(DEFAULT_FILES.map(path => [path, 'present'])));
    expect(s.hub.downloads().length).toBe(before);
  });

  it('fetches what has changed, and keeps the old snapshot', async () => {
    const first = await s.get();
    const next = 'c'.repeat(40);
    s.hub.models[ID].commits[next] = { ...s.content, 'config.json': Buffer.from('{"new": true}') };
    s.hub.models[ID].refs.main = next;
    const second = await s.get();
    expect(stateOf(second)).toEqual({
      'config.json': 'fetched',
      'model.safetensors': 'present',
      'tokenizer.json': 'present',
    });
    expect(readFileSync(join(second.folder, 'config.json'), 'utf8')).toBe('{"new": true}');
    expectWhole(second.folder, ['model.safetensors', 'tokenizer.json']);
    expectWhole(first.folder);
    expect(readFileSync(s.inCache('refs', 'main'), 'utf8')).toBe(next);
  });

  it('repairs a blob of wrong size and a link that is gone', async () => {
    const { folder: snapshot } = await s.get();
    writeFileSync(s.inCache('blobs', hashOf(WEIGHTS, s.content[WEIGHTS])), 'cut');
    rmSync(join(snapshot, 'config.json'));
    expect(stateOf(await s.get())).toEqual({
      'config.json': 'present',
      'model.safetensors': 'fetched',
      'tokenizer.json': 'present',
    });
    expectWhole(snapshot);
  });
});

describe('a broken connection', () => {
  it('goes on where it stopped', async () => {
    s.hub.faults[WEIGHTS] = [{ breakAfter: 100_000 }, { breakAfter: 50_000 }];
    expectWhole((await s.get()).folder);
    expect(ranges(WEIGHTS)).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  });

  it('is outlived as often as it brings something', async () => {
    s.hub.faults[WEIGHTS] = Array.from({ length: 12 }, () => ({ breakAfter: 10_000 }));
    expectWhole((await s.get()).folder);
    expect(ranges(WEIGHTS).at(-1)).toBe('bytes=120000-');
  });

  it('that brings nothing five times ends the pull; the next one goes on', async () => {
    s.hub.faults[WEIGHTS] = [{ breakAfter: 100_000 }, ...Array.from({ length: 5 }, () => ({ breakAfter: 0 }))];
    await expect(s.get()).rejects.toMatchObject({
      code: 'TSLM_HUB_UNREACHABLE',
      message: /cannot reach http.*: connection/,
    });
    expect(statSync(partialOf(WEIGHTS)).size).toBe(100_000);
    expect(existsSync(s.inCache('refs', 'main'))).toBe(false); // half a model is no model
    const initial: number[] = [];
    const result = await s.get({ onProgress: progress => initial.push(progress.initial) });
    expectWhole(result.folder);
    expect(ranges(WEIGHTS).at(-1)).toBe('bytes=100000-');
    expect(new Set(initial)).toEqual(new Set([100_000]));
  });

  it('that falls silent is broken off', async () => {
    s.hub.faults[WEIGHTS] = [{ stallAfter: 100_000 }];
    expectWhole((await s.get({ env: { HF_HUB_DOWNLOAD_TIMEOUT: '0.2' } })).folder);
    expect(ranges(WEIGHTS)).toEqual([undefined, 'bytes=100000-']);
  });

  it('that is slow is not', async () => {
    s.hub.faults[WEIGHTS] = [{ slowly: 6000 }]; // takes longer than the silence that is borne
    expectWhole((await s.get({ env: { HF_HUB_DOWNLOAD_TIMEOUT: '0.25' } })).folder);
    expect(ranges(WEIGHTS)).toEqual([undefined]);
  });

  it('begins again where ranges are unknown', async () => {
    s.hub.faults[WEIGHTS] = [{ breakAfter: 100_000 }, { ignoreRange: true }];
    expectWhole((await s.get()).folder);
    expect(ranges(WEIGHTS)).toEqual([undefined, 'bytes=100000-']);
  });

  it.each([429, 500, 502, 503, 504])('status %i is tried again, for files and for questions', async status => {
    s.hub.faults = Object.assign(s.hub.faults, { [WEIGHTS]: [{ status }], api: [{ status }, { breakAfter: 3 }] });
    const retries: string[] = [];
    expectWhole((await s.get({ onProgress: ({ note }) => retries.push(note) })).folder);
    expect(s.hub.downloads(WEIGHTS).length).toBe(2);
    expect(retries.join()).toContain(`answers ${status}; again in`);
  });

  it('waits as long as the server says', async () => {
    s.hub.faults[WEIGHTS] = [{ status: 429, headers: { 'retry-after': '1' } }];
    const notes: string[] = [];
    await s.get({ onProgress: ({ note }) => notes.push(note) });
    expect(notes.join()).toMatch(/answers 429; again in 1s/);
  });

  it.each([
    [429, 'TSLM_HUB_BUSY', /too many requests/],
    [503, 'TSLM_HUB_UNAVAILABLE', /answers 503, 5 times/],
  ])('status %i for ever is an error', async (status, code, message) => {
    s.hub.faults.api = Array.from({ length: 5 }, () => ({ status }));
    await expect(s.get()).rejects.toMatchObject({ code, message, hint: /goes on where it stopped/ });
  });
});

describe('the hash', () => {
  it('is wrong once: fetched again from the beginning', async () => {
    s.hub.faults[WEIGHTS] = [{ corrupt: true }];
    s.hub.faults['config.json'] = [{ corrupt: true }];
    expectWhole((await s.get()).folder);
    expect(ranges(WEIGHTS)).toEqual([undefined, undefined]);
    expect(ranges('config.json')).toEqual([undefined, undefined]);
  });

  it.each([[WEIGHTS], ['config.json']])('is wrong twice: %s is refused, and nothing wrong is kept', async path => {
    s.hub.faults[path] = [{ corrupt: true }, { corrupt: true }];
    await expect(s.get()).rejects.toMatchObject({
      code: 'TSLM_WRONG_HASH',
      message: new RegExp(`${path} arrived damaged`),
    });
    expect(existsSync(partialOf(path))).toBe(false);
    expect(existsSync(s.inCache('snapshots', COMMIT, path))).toBe(false);
    expectWhole((await s.get()).folder);
  });

  it('is wrong where there are bytes too many', async () => {
    s.hub.faults['config.json'] = [{ tooLong: true }];
    expectWhole((await s.get()).folder);
  });

  it.each([
    ['other bytes', () => randomBytes(1000)],
    ['all bytes, some of them wrong', () => randomBytes(300_000)],
    ['more bytes than the file has', () => randomBytes(300_001)],
  ])('finds out a partial file with %s', async (_, bytes) => {
    mkdirSync(s.inCache('blobs'), { recursive: true });
    writeFileSync(partialOf(WEIGHTS), bytes());
    expectWhole((await s.get()).folder);
  });

  it('lets a partial file that is complete do', async () => {
    mkdirSync(s.inCache('blobs'), { recursive: true });
    writeFileSync(partialOf(WEIGHTS), s.content[WEIGHTS]);
    expectWhole((await s.get()).folder);
    expect(ranges(WEIGHTS)).toEqual([]);
  });
});

describe('revisions', () => {
  it.each(['v1', 'refs/pr/1'])('%s is noted under its name', async revision => {
    const result = await s.get({ revision });
    expect(result.commit).toBe(OLDER);
    expect(readFileSync(s.inCache('refs', revision), 'utf8')).toBe(OLDER);
    expect(readFileSync(join(result.folder, 'config.json'), 'utf8')).toBe('{}');
  });

  it('a commit needs no note', async () => {
    expect((await s.get({ revision: OLDER })).folder).toBe(s.inCache('snapshots', OLDER));
    expect(existsSync(s.inCache('refs'))).toBe(false);
  });

  it('one that is not there', async () => {
    await expect(s.get({ revision: 'v2' })).rejects.toMatchObject({
      code: 'TSLM_NO_REVISION',
      message: /no revision 'v2'/,
    });
  });
});

describe('which files', () => {
  const pathsOf = async (options: Parameters<Setting['get']>[0]) =>
    (await s.get(options)).files.map(({ path }) => path).sort();

  it('--include replaces the usual ones, --exclude takes away', async () => {
    expect(await pathsOf({ include: ['*.onnx', 'README.md'] })).toEqual(['README.md', 'onnx/model.onnx']);
    expectWhole(s.inCache('snapshots', COMMIT), ['README.md', 'onnx/model.onnx']);
    expect(readlinkSync(s.inCache('snapshots', COMMIT, 'onnx', 'model.onnx'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\//);
    expect(await pathsOf({ exclude: ['*.safetensors'] })).toEqual(['config.json', 'tokenizer.json']);
    expect(await pathsOf({ include: ['*'], exclude: ['*.bin', 'onnx/'] })).toEqual(['README.md', ...DEFAULT_FILES]);
  });

  it('none is an error that says which there are', async () => {
    await expect(s.get({ include: ['*.gguf'] })).rejects.toMatchObject({
      message: 'org/model: no file matches --include *.gguf',
      hint: /^there are README\.md, config\.json/,
    });
  });

  it('a dry run lists them and writes nothing', async () => {
    const result = await s.get({ dryRun: true });
    expect(stateOf(result)).toEqual(Object.fromEntries(DEFAULT_FILES.map(path => [path, 'missing'])));
    expect(readdirSync(s.cacheDir)).toEqual([]);
    expect(s.hub.downloads()).toEqual([]);
    await s.get({ include: ['config.json'] });
    expect(stateOf(await s.get({ dryRun: true }))).toMatchObject({ 'config.json': 'present', [WEIGHTS]: 'missing' });
  });
});

describe('the token', () => {
  const secret = 'hf_secret';
  const tokens = (host: string) => [
    ...new Set(s.hub.log.filter(entry => entry.host === host).map(entry => entry.authorization)),
  ];

  it('goes to the hub, never to where the hub redirects', async () => {
    Object.assign(s.hub.models[ID], { token: secret });
    expectWhole((await s.get({ env: { HF_TOKEN: secret } })).folder);
    expect(tokens('hub')).toEqual([`Bearer ${secret}`]);
    expect(tokens('cdn')).toEqual([undefined]);
  });

  it('does not follow a page of the list to another host', async () => {
    const other = await setting(folder, s.hub.models[ID]);
    s.hub.pages = other.hub.url;
    await s.get({ env: { HF_TOKEN: secret } }).finally(other.hub.close);
    expect(tokens('hub')).toEqual([`Bearer ${secret}`]);
    expect(other.hub.log.map(entry => entry.authorization)).toEqual([undefined]);
  });

  it('is read from where a login leaves it', async () => {
    Object.assign(s.hub.models[ID], { token: secret });
    writeFileSync(join(s.cacheDir, 'token'), `${secret}\n`);
    await s.get();
    expect(tokens('hub')).toEqual([`Bearer ${secret}`]);
    await expect(s.get({ env: { HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' } })).rejects.toMatchObject({
      code: 'TSLM_NO_SUCH_MODEL',
    });
  });

  it.each([
    ['gated, no token', { gated: true, token: secret }, undefined, 'TSLM_GATED', /set HF_TOKEN/],
    [
      'gated, another token',
      { gated: true, token: secret },
      'hf_other',
      'TSLM_GATED',
      /account of your token \(HF_TOKEN\)/,
    ],
    ['private, no token', { token: secret }, undefined, 'TSLM_NO_SUCH_MODEL', /private or gated model set HF_TOKEN/],
    ['private, another token', { token: secret }, 'hf_other', 'TSLM_NO_SUCH_MODEL', /account of your token/],
    ['an expired token', {}, 'hf_expired', 'TSLM_TOKEN_REFUSED', /set HF_TOKEN, or remove it/],
    ['no token at all', {}, 'two words', 'TSLM_BAD_TOKEN', /copy it again/],
  ])('%s', async (_, change, token, code, hint) => {
    Object.assign(s.hub.models[ID], change);
    const refused = await s.get({ env: { HF_TOKEN: token } }).catch(error => error);
    expect(refused).toMatchObject({ code, hint });
    if (token) expect(`${refused.message} ${refused.hint} ${JSON.stringify(refused)}`).not.toContain(token);
  });
});

describe('without the hub', () => {
  const offline = { HF_HUB_OFFLINE: '1' };

  it('the cache is enough', async () => {
    const { folder: snapshot } = await s.get();
    const asked = s.hub.log.length;
    const result = await s.get({ env: offline });
    expect(result).toMatchObject({ commit: COMMIT, folder: snapshot });
    expect(result.files.map(({ path, size }) => [path, size])).toEqual(
      DEFAULT_FILES.map(path => [path, s.content[path].length]),
    );
    expect(s.hub.log.length).toBe(asked);
  });

  it('what is not in the cache is named', async () => {
    await s.get();
    await expect(s.get({ env: offline, revision: 'v1' })).rejects.toMatchObject({
      code: 'TSLM_OFFLINE',
      message: /org\/model \(v1\) is not in the cache/,
      hint: /unset HF_HUB_OFFLINE/,
    });
    await expect(s.get({ env: offline, localDir: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'TSLM_OFFLINE',
    });
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  it('says where it looked', async () => {
    const { url } = s.hub;
    await s.hub.close();
    await expect(s.get()).rejects.toMatchObject({
      message: `cannot reach ${url}: connection refused`,
      hint: /HF_ENDPOINT/,
    });
    await expect(s.get({ env: { https_proxy: 'http://proxy.test' } })).rejects.toMatchObject({
      hint: /NODE_USE_ENV_PROXY=1/,
    });
    await expect(s.get({ env: { HF_ENDPOINT: 'hub.test' } })).rejects.toMatchObject({
      code: 'TSLM_BAD_ENDPOINT',
      exitCode: 2,
    });
    const withPassword = { HF_ENDPOINT: 'https://user:secret@hub.test' };
    await expect(s.get({ env: withPassword })).rejects.toMatchObject({
      message: expect.not.stringContaining('secret'),
    });
  });

  it('models pulled before are found by name', async () => {
    const env = { HF_HUB_CACHE: s.cacheDir };
    expect(resolveModelPath(ID, { env })).toBe(ID);
    const main = (await s.get()).folder;
    const older = (await s.get({ revision: 'v1' })).folder;
    expect(resolveModelPath(ID, { env })).toBe(main);
    expect(resolveModelPath(ID, { env, revision: 'v1' })).toBe(older);
    expect(resolveModelPath(ID, { env, revision: OLDER })).toBe(older);
    expect(resolveModelPath(ID, { env, revision: 'v2' })).toBe(ID);
    expect(resolveModelPath('src/hub', { env })).toBe('src/hub'); // a folder that is here
    expect(resolveModelPath('../x', { env })).toBe('../x');
  });
});

describe('--local-dir', () => {
  it('holds the files themselves, and what Hugging Face notes beside them', async () => {
    const localDir = join(folder, 'local');
    const result = await s.get({ localDir });
    expect(result.folder).toBe(localDir);
    expectWhole(localDir);
    expect(lstatSync(join(localDir, WEIGHTS)).isSymbolicLink()).toBe(false);
    const metadata = readFileSync(join(localDir, '.cache/huggingface/download', `${WEIGHTS}.metadata`), 'utf8');
    const [commit, hash, time] = metadata.split('\n');
    expect([commit, hash]).toEqual([COMMIT, hashOf(WEIGHTS, s.content[WEIGHTS])]);
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60);
    expect(existsSync(s.inCache())).toBe(false);
    const before = s.hub.downloads().length;
    await s.get({ localDir });
    expect(s.hub.downloads().length).toBe(before);
  });

  it('a file that was changed since is fetched again, one that was only touched is not', async () => {
    const localDir = join(folder, 'local-changed');
    await s.get({ localDir });
    const later = new Date(Date.now() + 60_000);
    writeFileSync(
      join(localDir, 'config.json'),
      s.content['config.json'].map(byte => byte ^ 1),
    );
    for (const name of ['config.json', WEIGHTS]) utimesSync(join(localDir, name), later, later);
    expect(stateOf(await s.get({ localDir }))).toEqual({
      'config.json': 'fetched',
      [WEIGHTS]: 'present',
      'tokenizer.json': 'present',
    });
    expectWhole(localDir);
  });

  it('goes on where it stopped', async () => {
    const localDir = join(folder, 'local-broken');
    s.hub.faults[WEIGHTS] = [{ breakAfter: 100_000 }, ...Array.from({ length: 5 }, () => ({ breakAfter: 0 }))];
    await expect(s.get({ localDir })).rejects.toMatchObject({ code: 'TSLM_HUB_UNREACHABLE' });
    expect(existsSync(join(localDir, WEIGHTS))).toBe(false);
    await s.get({ localDir });
    expect(ranges(WEIGHTS).at(-1)).toBe('bytes=100000-');
    expectWhole(localDir);
  });

  it('copies what the cache has', async () => {
    await s.get();
    const before = s.hub.downloads().length;
    const localDir = join(folder, 'local-copy');
    await s.get({ localDir });
    expect(s.hub.downloads().length).toBe(before);
    expectWhole(localDir);
  });
});

describe('pulls at the same time', () => {
  it('wait for each other and fetch everything once', async () => {
    s.hub.faults[WEIGHTS] = [{ slowly: 30_000 }];
    const notes: string[] = [];
    const results = await Promise.all([s.get(), s.get({ onProgress: ({ note }) => notes.push(note) }), s.get()]);
    for (const result of results) expectWhole(result.folder);
    expect(s.hub.downloads(WEIGHTS).length).toBe(1);
    expect(readdirSync(s.inCache('blobs')).length).toBe(DEFAULT_FILES.length);
  });

  it('of files with the same content fetch it once', async () => {
    Object.assign(s.content, { 'a.json': Buffer.from('{"same": 1}'), 'b.json': Buffer.from('{"same": 1}') });
    const { folder: snapshot } = await s.get();
    expectWhole(snapshot, ['a.json', 'b.json']);
    expect(s.hub.downloads('a.json').length + s.hub.downloads('b.json').length).toBe(1);
  });
});

describe('an aborted pull', () => {
  it('leaves what has arrived, and no lock', async () => {
    s.hub.faults[WEIGHTS] = [{ stallAfter: 100_000 }];
    const controller = new AbortController();
    const pulling = s.get({
      signal: controller.signal,
      onProgress: ({ done }) => done >= 100_000 && controller.abort(),
    });
    await expect(pulling).rejects.toMatchObject({ name: 'AbortError' });
    expect(statSync(partialOf(WEIGHTS)).size).toBe(100_000);
    expect(readdirSync(join(s.cacheDir, '.locks', 'models--org--model'))).toEqual([]);
    expectWhole((await s.get()).folder);
    expect(ranges(WEIGHTS)).toEqual([undefined, 'bytes=100000-']);
  });
});

describe('a hub that means harm, or is none', () => {
  it.each([
    '../evil.json',
    '/etc/evil.json',
    'a/../../evil.json',
    'a//b.json',
    './a.json',
    'C:/evil.json',
    '..\\evil.json',
    'a\0.json',
    '',
  ])('a file named %j is refused before anything is written', async path => {
    s.content[path] = Buffer.from('evil');
    await expect(s.get()).rejects.toMatchObject({ code: 'TSLM_UNSAFE_FILE_NAME', message: /refused/ });
    expect(readdirSync(s.cacheDir)).toEqual([]);
    expect(s.hub.downloads()).toEqual([]);
  });

  it('a commit that is a path is no commit', async () => {
    const model = fakeModel();
    model.refs.main = '../../../evil';
    model.commits['../../../evil'] = s.content;
    s.hub.models[ID] = model;
    await expect(s.get()).rejects.toMatchObject({ code: 'TSLM_NO_HUB' });
    expect(readdirSync(s.cacheDir)).toEqual([]);
  });

  it('an answer that is not JSON', async () => {
    s.hub.faults.api = [{ ignoreRange: true }];
    await expect(s.get()).rejects.toMatchObject({ code: 'TSLM_NO_HUB', message: /does not answer as a hub/ });
  });

  it.each([
    '',
    '.',
    'a/b/c',
    '../x',
    'org/../x',
    'org/',
    '/etc',
    'org/a b',
    'org/a--b',
    'x'.repeat(97),
    'org/m.git',
    'https://hub.test/org/model',
  ])('%j is not a name, and nothing is asked', async name => {
    await expect(s.get({}, name)).rejects.toMatchObject({ code: 'TSLM_BAD_MODEL_NAME', exitCode: 2 });
    expect(s.hub.log).toEqual([]);
  });

  it.each(['../main', 'a..b', '/main', 'main/', '.hidden', 'a b', ''])('%j is not a revision', async revision => {
    await expect(s.get({ revision })).rejects.toMatchObject({ code: 'TSLM_BAD_REVISION', exitCode: 2 });
    expect(s.hub.log).toEqual([]);
  });

  it('a model that is not there', async () => {
    await expect(s.get({}, 'org/nothing')).rejects.toMatchObject({
      code: 'TSLM_NO_SUCH_MODEL',
      message: /no model 'org\/nothing'/,
    });
  });
});

describe('a disk', () => {
  it('with too little room is named before anything is fetched', async () => {
    s.content['huge.json'] = Object.defineProperty(Buffer.from('x'), 'length', { value: 2 ** 50 }); // as the list has it
    await expect(s.get()).rejects.toMatchObject({ code: 'TSLM_ENOSPC', message: /1126 TB to fetch, .* free/ });
    expect(s.hub.downloads()).toEqual([]);
  });

  it('where a folder cannot be made is named', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    await expect(s.get({ cacheDir: file })).rejects.toMatchObject({ message: /a-file.*: .*a folder/ });
  });
});
