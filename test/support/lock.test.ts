import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { isAbandoned, takeLock, withLock } from '../../src/support/lock.ts';
import { startOf } from '../../src/support/processes.ts';
import { root } from '../../src/support/root.ts';
import { runProcess } from '../helpers/cli.ts';
import { scratchFolder } from './scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const module = pathToFileURL(join(root, 'dist', 'support', 'lock.js')).href;

/** A process number that was a process's a moment ago. */
const endedProcess = async (): Promise<number> =>
  Number((await runProcess(process.execPath, ['-p', 'process.pid'])).stdout);

/** A promise that is kept from outside. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}

it('lets one in at a time, and everybody in the end', async () => {
  const path = join(folder, 'one', 'lock');
  let inside = 0;
  let most = 0;
  let waited = 0;
  const body = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise(resolve => setImmediate(resolve));
    inside--;
  };
  await Promise.all(Array.from({ length: 4 }, () => withLock(path, body, { onWait: () => waited++ })));
  expect({ most, waited }).toEqual({ most: 1, waited: 3 });
  expect(readdirSync(join(folder, 'one'))).toEqual([]);
});

it('is let go when the body fails', async () => {
  const path = place('failing');
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});

it('that is not to be waited for says who has it, and what to do', () => {
  const path = place('taken');
  using _lock = takeLock(path, 'runs/a');
  expect(() => takeLock(path, 'runs/a')).toThrow(
    expect.objectContaining({
      code: 'TSLM_LOCKED',
      message: expect.stringMatching(
        new RegExp(
          `^runs/a: process ${process.pid} on ${hostname()} has been writing here since \\d{4}-\\d\\d-\\d\\d `,
        ),
      ),
      hint: expect.stringContaining('wait until it has ended'),
    }),
  );
});

it('is somebody else’s after it was given back', () => {
  const path = place('given-back');
  takeLock(path, 'x').release();
  const second = takeLock(path, 'x');
  expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
  second.release();
  expect(existsSync(path)).toBe(false);
});

it('of a process that has ended is taken over', async () => {
  const path = place('dead');
  writeFileSync(path, `${await endedProcess()} ${hostname()} x\n`);
  expect(isAbandoned(path)).toBe(true);
  takeLock(path, 'x').release();
  writeFileSync(path, `${await endedProcess()} ${hostname()} x\n`);
  expect(await withLock(path, async () => 'in')).toBe('in');
});

it('of a process whose number another one has by now is taken over', () => {
  const path = place('reused');
  const lock = (start: string) => `${process.pid} ${hostname()} x 2026-01-01T00:00:00.000Z ${start}\n`;
  const own = startOf(process.pid);
  if (own === undefined) return; // only Linux says when a process began
  writeFileSync(path, lock(String(Number(own) - 1)));
  takeLock(path, 'x').release();
  writeFileSync(path, lock(own));
  expect(() => takeLock(path, 'x')).toThrow('has been writing here');
});

it('of another machine is taken over when nobody touches it any more', async () => {
  const path = place('elsewhere');
  writeFileSync(path, '1 another-machine x 2026-11-27T00:00:00.000Z 7\n');
  expect(() => takeLock(path, 'x')).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(
        'process 1 on another-machine has been writing here since 2026-11-27 00:00:00 UTC',
      ),
      hint: expect.stringContaining(`remove ${path}`),
    }),
  );
  const waits = gate();
  const entering = withLock(path, async () => 'in', { staleAfter: 60_000, onWait: waits.open });
  await waits.opened;
  utimesSync(path, new Date(0), new Date(0));
  expect(await entering).toBe('in');
});

it('of this machine stays its owner’s however long it is not touched', () => {
  const path = place('long');
  using _lock = takeLock(path, 'x');
  utimesSync(path, new Date(0), new Date(0));
  expect(isAbandoned(path)).toBe(false);
  expect(() => takeLock(path, 'x')).toThrow('has been writing here');
});

it('is not waited for after an abort, and stays its owner’s', async () => {
  const path = place('aborted');
  const owner = `${process.pid} ${hostname()} x\n`;
  writeFileSync(path, owner);
  const abort = new AbortController();
  const waiting = withLock(path, async () => 'in', { signal: abort.signal, onWait: () => abort.abort() });
  await expect(waiting).rejects.toThrow(/abort/i);
  expect(readFileSync(path, 'utf8')).toBe(owner);
});

it('is a file of somebody else’s that was there before: it is never removed', () => {
  const path = place('foreign');
  writeFileSync(path, '{"lockfileVersion": 3}\n');
  expect(isAbandoned(path)).toBe(false);
});

/** Processes that all try for the lock at the same moment; each says whether it got it, and keeps it until all have said. */
async function race(path: string, count: number): Promise<string[]> {
  const script = `
    import { takeLock } from '${module}';
    process.stdin.once('data', () => {
      try { takeLock(${JSON.stringify(path)}, 'x'); process.stdout.write('won'); }
      catch (error) { process.stdout.write(error.code ?? String(error)); }
      process.stdin.once('data', () => process.exit(0));
    });
    process.stdout.write('ready');`;
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const said = (child: (typeof children)[number]): Promise<string> =>
    new Promise(resolve => child.stdout.once('data', bytes => resolve(String(bytes))));
  const ready = await Promise.all(children.map(said));
  expect(ready).toEqual(ready.map(() => 'ready'));
  const answers = children.map(said);
  for (const child of children) child.stdin.write('go');
  const results = await Promise.all(answers);
  const ended = children.map(child => new Promise(resolve => child.once('close', resolve)));
  for (const child of children) child.stdin.end('end');
  await Promise.all(ended);
  return results.sort();
}

it('goes to exactly one of several processes that begin at the same moment', async () => {
  const path = place('race');
  expect(await race(path, 5)).toEqual([...Array(4).fill('TSLM_LOCKED'), 'won']);
  // The winner ended without giving it back: exactly one of the next takes it over.
  expect(isAbandoned(path)).toBe(true);
  expect(await race(path, 5)).toEqual([...Array(4).fill('TSLM_LOCKED'), 'won']);
  expect(readdirSync(folder).filter(name => name.startsWith('race'))).toEqual(['race']);
});
