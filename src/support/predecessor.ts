/** What a command replaces stays beside its successor until that is complete: nothing good is lost on the way. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { namingFile } from './errors.ts';

export interface Predecessor {
  /** Where it is now; undefined when there was none. */
  folder: string | undefined;
  /** Puts it back in its place, over what has been written there since. */
  restore(): void;
  /** Removes it, and those that earlier commands left when they were interrupted. */
  remove(): void;
}

/** Moves a folder aside, to `NAME.previous`, or `NAME.previous-2` when an interrupted command left one. */
export function setAside(path: string): Predecessor {
  const place = resolve(path);
  const aside = existsSync(place) ? freeName(place) : undefined;
  if (aside !== undefined) namingFile(path, () => renameSync(place, aside));
  return {
    folder: aside,
    restore() {
      namingFile(path, () => {
        rmSync(place, { recursive: true, force: true });
        if (aside !== undefined) renameSync(aside, place);
      });
    },
    remove() {
      namingFile(path, () => {
        for (const folder of asides(place)) rmSync(folder, { recursive: true, force: true });
      });
    },
  };
}

function freeName(place: string): string {
  const taken = new Set(asides(place));
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${place}.previous` : `${place}.previous-${n}`;
    if (!taken.has(name)) return name;
  }
}

function asides(place: string): string[] {
  const folder = dirname(place);
  const own = `${basename(place)}.previous`;
  return readdirSync(folder)
    .filter(name => name === own || (name.startsWith(`${own}-`) && /^\d+$/.test(name.slice(own.length + 1))))
    .map(name => join(folder, name));
}
