/**
 * Which services answer from a folder, and with what: a command that changes the champion returns when they have followed, so that the
 * next request is answered by it. Each says so in a file of its own, which ends with it.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJson, writeJson } from '../../support/files.ts';
import { hasEnded, startOf } from '../../support/processes.ts';

const NAME = /^service-(\d+)\.json$/;
const POLL = 25;

const fileOf = (folder: string, pid: number): string => join(folder, `service-${pid}.json`);

/** This process answers with that revision from now on. */
export const announce = (folder: string, champion: string): void =>
  writeJson(fileOf(folder, process.pid), { champion, start: startOf(process.pid) });

export const withdraw = (folder: string): void => rmSync(fileOf(folder, process.pid), { force: true });

/** What services of the folder answer with, by process; files of those that were killed are removed. */
export function servicesOf(folder: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync(folder)) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (!pid) continue;
    const { champion, start } = readJson(join(folder, name)) as { champion: string; start?: string };
    if (hasEnded(pid, start)) rmSync(join(folder, name), { force: true });
    else found.set(pid, champion);
  }
  return found;
}

/** @returns whether all services of the folder answer with that revision before `patience` milliseconds are over */
export async function untilFollowed(folder: string, champion: string, patience = 10_000): Promise<boolean> {
  const end = performance.now() + patience;
  for (;;) {
    if ([...servicesOf(folder).values()].every(one => one === champion)) return true;
    if (performance.now() > end) return false;
    await sleep(POLL);
  }
}
