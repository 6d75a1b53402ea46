/** The examples compile against the declarations as a project of one's own would see them, and each of them runs. */
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from './support/scratch.ts';
import { taskModels } from './tasks/model-folders.ts';

const names = readdirSync('examples')
  .filter(name => name.endsWith('.ts'))
  .map(name => name.replace(/\.ts$/, ''));
const cwd = scratchFolder();
const tsc = (...more: string[]) =>
  spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'examples', ...more], { encoding: 'utf8' });

/** Others read what these write. */
const FIRST = ['prepare-corpus', 'train-model'];
/** Called by a framework. */
const HANDLERS = ['next-route'];

async function run(name: string): Promise<string> {
  const script = resolve('build', 'examples', `${name}.js`);
  const env = { ...process.env, STEPS: '20' };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd, env, timeout: 120_000 });
  return stdout;
}

describe('the examples', () => {
  beforeAll(() => {
    const compiled = tsc();
    expect(compiled.stdout).toBe('');
    for (const name of ['README.md', 'ARCHITECTURE.md']) copyFileSync(name, join(cwd, name));
    taskModels(join(cwd, 'models'));
  });

  it('compile as a bundler resolves modules, too', () => {
    expect(tsc('--noEmit', '--module', 'esnext', '--moduleResolution', 'bundler').stdout).toBe('');
    expect(names.length).toBeGreaterThan(15);
  });

  const programs = [...FIRST, ...names.filter(name => ![...FIRST, ...HANDLERS].includes(name))];
  it.runIf(process.env.TSLM_LONG).each(programs)('%s runs', async name => {
    expect(await run(name)).not.toBe('');
  });

  it.skipIf(process.env.TSLM_LONG)('own-network runs', async () => {
    expect(await run('own-network')).toMatch(/^true /);
  });

  it.runIf(process.env.TSLM_LONG)('next-route answers, and refuses what is too long with an error', async () => {
    const url = pathToFileURL(resolve('build', 'examples', 'next-route.js')).href;
    const ask = (prompt: string) =>
      `await POST(new Request('http://x', { method: 'POST', body: JSON.stringify({ prompt: ${prompt} }) }))`;
    const program = `import { POST } from '${url}';
      console.log((await (${ask("'The '")}).text()).length > 0, (${ask("'The '.repeat(900)")}).status);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd });
    expect(stdout).toBe('true 400\n');
  });
});
