/** A command that changes what answers waits for the services of the folder, and for no others. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { announce, servicesOf, untilFollowed, withdraw } from '../../src/online/registry/services.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();

describe('services of a folder', () => {
  it('are waited for until they answer with the new revision', async () => {
    expect(await untilFollowed(folder, 'b')).toBe(true); // there are none
    announce(folder, 'a');
    expect(servicesOf(folder)).toEqual(new Map([[process.pid, 'a']]));
    expect(await untilFollowed(folder, 'b', 60)).toBe(false);
    const waiting = untilFollowed(folder, 'b', 20_000);
    await sleep(60);
    announce(folder, 'b');
    expect(await waiting).toBe(true);
    withdraw(folder);
    expect(servicesOf(folder).size).toBe(0);
  });

  it('that were killed are forgotten', async () => {
    const left = join(folder, 'service-2147483646.json');
    writeFileSync(left, '{"champion":"a"}');
    expect(await untilFollowed(folder, 'b', 60)).toBe(true);
    expect(existsSync(left)).toBe(false);
  });
});
