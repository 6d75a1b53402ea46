import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withLock } from '../../src/hub/lock.ts';
import { runProcess } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();

it('lets one in at a time, and everybody in the end', async () => {
  const path = join(folder, 'one', 'lock');
  let inside = 0;
  let most = 0;
  let waited = 0;
  const body = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await sleep(20);
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
  const entering = withLock(path, async () => 'in', { staleAfter: 60_000, onWait: () => waited++ });
  await sleep(150);
  expect(waited).toBe(1);
  utimesSync(path, new Date(0), new Date(0));
  expect(await entering).toBe('in');
});

it('is touched while its owner works, so that nobody takes it', async () => {
  const path = join(folder, 'long');
  const order: string[] = [];
  const long = withLock(
    path,
    async () => {
      await sleep(600);
      order.push('long');
    },
    { staleAfter: 200 },
  );
  await withLock(path, async () => order.push('other'), { staleAfter: 200 });
  await long;
  expect(order).toEqual(['long', 'other']);
});

it('is not waited for after an abort, and stays its owner’s', async () => {
  const path = join(folder, 'aborted');
  const owner = `${process.pid} ${hostname()} x\n`;
  writeFileSync(path, owner);
  const signal = AbortSignal.timeout(50);
  await expect(withLock(path, async () => 'in', { signal })).rejects.toThrow(/abort/i);
  expect(readFileSync(path, 'utf8')).toBe(owner);
});
