/** What goes wrong around a server: each is one line with its remedy, and what can go on goes on. */
import { copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bin, expectRefusal, runProcess, tslm } from '../helpers/cli.ts';
import { describeLong, isLong } from '../helpers/long.ts';
import { complete, startServer, tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const folder = tinyModelFolder(join(scratch, 'tiny'));

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise(resolve => setTimeout(resolve, 50));
};

describe('before anything is served', () => {
  it('a port that is taken is found before models load', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const outcome = await tslm(['serve', folder, '--port', String(port)]);
    expectRefusal(outcome, 1, `port ${port} of 127.0.0.1 is taken`);
    expect(outcome.stderr).not.toContain('keys and values'); // what a model says once it is loaded
    taken.close();
  });

  it.each([
    ['cut off', (file: string) => truncateSync(file, 2000)],
    ['empty', (file: string) => truncateSync(file, 0)],
    ['something else', (file: string) => writeFileSync(file, 'x'.repeat(5000))],
  ])('weights that are %s', async (_, spoil) => {
    const damaged = join(scratch, `damaged-${Math.random()}`);
    cpSync(folder, damaged, { recursive: true });
    spoil(join(damaged, 'model.safetensors'));
    expectRefusal(await tslm(['serve', damaged, '--port', '0']), 1, 'model.safetensors');
  });

  it('memory that does not suffice', async () => {
    expectRefusal(await tslm(['serve', folder, '--port', '0', '--memory', '10']), 2, /10 B .* one text may have 64/);
    const huge = ['--memory', '9000000000000000', '--max-batch', '2000000000000'];
    const outcome = await tslm(['serve', folder, '--port', '0', ...huge]);
    expectRefusal(outcome, 1, 'out of memory');
    expect(outcome.stderr).toContain('--memory');
  });

  it.runIf(isLong && process.platform === 'linux')('few file descriptors', async () => {
    const command = `ulimit -n 20; exec ${process.execPath} ${bin} serve ${folder} --port 0`;
    const { code, stderr } = await runProcess('bash', ['-c', command]);
    expect(code, stderr).not.toBe(0);
    expect(stderr).toContain('ulimit -n');
    expect(stderr).not.toMatch(/unexpected|node:internal|\n\s+at /);
  });
});

describeLong('while a server runs', () => {
  it('weights that are shortened: the model is taken out, and comes back when they are whole', {
    timeout: 120_000,
  }, async () => {
    const victim = join(scratch, 'tiny-victim');
    cpSync(folder, victim, { recursive: true });
    const file = join(victim, 'model.safetensors');
    copyFileSync(file, join(scratch, 'whole'));
    const server = await startServer([victim, folder, '--name', 'victim', '--name', 'tiny', '--dtype', 'float32']);
    const models = async (): Promise<string[]> => {
      const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] };
      return data.map(({ id }) => id);
    };
    expect((await complete(server.url, { model: 'victim' })).status).toBe(200);
    truncateSync(file, 3000);
    const answer = await complete(server.url, { model: 'victim' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await answer.json()).toMatchObject({ error: { code: 'model_down' } });
    const health = await fetch(`${server.url}/health`);
    expect(health.status).toBe(503);
    expect(await health.text()).toContain("the model 'victim' has ended");
    expect(await models()).toEqual(['tiny']);
    expect((await complete(server.url, { model: 'tiny' })).status).toBe(200);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('tslm_model_up{model="victim"} 0');
    copyFileSync(join(scratch, 'whole'), file);
    await until(async () => (await complete(server.url, { model: 'victim' })).status === 200);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect((await models()).toSorted()).toEqual(['tiny', 'victim']);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('tslm_model_restarts{model="victim"} 1');
    expect(await server.stop()).toBe(143);
    expect(server.stderr).toContain('model.safetensors was shortened while it was in use');
    expect(server.stderr).toContain('the model answers again');
  });

  it('keys that cannot be read: nobody is let in, and /health says so', async () => {
    const file = join(scratch, 'keys.json');
    const made = await tslm(['keys', 'add', file, 'anna']);
    const authorization = `Bearer ${made.stdout.trim()}`;
    const good = readFileSync(file);
    const server = await startServer([folder, '--keys', file]);
    const ask = (): Promise<Response> => fetch(`${server.url}/v1/models`, { headers: { authorization } });
    expect((await ask()).status).toBe(200);
    rmSync(file);
    await until(async () => (await ask()).status !== 200);
    const refused = await ask();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ status: 'failing' });
    writeFileSync(file, good);
    await until(async () => (await ask()).status === 200);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await server.stop();
    expect(server.stderr).toContain('the file of keys cannot be read');
  });
});
