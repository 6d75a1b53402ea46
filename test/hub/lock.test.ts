import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { withLock } from '../../src/hub/lock.ts';
import { runProcess } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();

afterEach(() => vi.useRealTimers());

it('lets one in at a time, and everybody in the end', async () => {
  const path = join(folder, 'one', 'lock');
  let inside = 0;
  let most = 0;
  let waited = 0;
  const body = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await turn();
    inside--;
  };
  await Promise.all(Array.from({ length: 4 }, () => withLock(path, body, { onWait: () => waited++ })));
  expect({ most, waited }).toEqual({ most: 1, waited: 3 });
  expect(existsSync(path)).toBe(false);
});

it('is let go when the body fails', async () => {
  const path = join(folder, 'failing');
  const failing = withLock(path, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});

it('of a process that is dead is taken over', async () => {
  const path = join(folder, 'dead');
  const { stdout } = await runProcess(process.execPath, ['-p', 'process.pid']);
  writeFileSync(path, `${stdout.trim()} ${hostname()} x\n`);
  expect(await withLock(path, async () => 'in')).toBe('in');
});

it('of another machine is taken over when nobody touches it any more', async () => {
  const path = join(folder, 'elsewhere');
  writeFileSync(path, '1 another-machine x\n');
  let waited = 0;
  const onWait = (): void => {
    waited++;
    utimesSync(path, new Date(0), new Date(0));
  };
  expect(await withLock(path, async () => 'in', { staleAfter: 3_600_000, onWait })).toBe('in');
  expect(waited).toBe(1);
});

it('is touched while its owner works, so that nobody takes it', async () => {
  const path = join(folder, 'long');
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  const ageOf = (): number => Date.now() - statSync(path).mtimeMs;
  const work = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) {
      vi.advanceTimersByTime(15_000);
      expect(ageOf()).toBeLessThan(30_000);
    }
    const abort = new AbortController();
    const other = withLock(path, async () => 'in', { signal: abort.signal, onWait: () => abort.abort() });
    await expect(other).rejects.toThrow(/abort/i);
  };
  await withLock(path, work);
  expect(existsSync(path)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

it('is not waited for after an abort, and stays its owner’s', async () => {
  const path = join(folder, 'aborted');
  const owner = `${process.pid} ${hostname()} x\n`;
  writeFileSync(path, owner);
  const abort = new AbortController();
  const waiting = withLock(path, async () => 'in', { signal: abort.signal, onWait: () => abort.abort() });
  await expect(waiting).rejects.toThrow(/abort/i);
  expect(readFileSync(path, 'utf8')).toBe(owner);
});
