import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { setAside } from '../../src/support/predecessor.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

function folderWith(name: string, text: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'text'), text);
  return folder;
}
const textOf = (folder: string): string => readFileSync(join(folder, 'text'), 'utf8');

describe('setAside', () => {
  it('keeps a folder beside its successor until that is complete', () => {
    const place = folderWith('a/run', 'old');
    const predecessor = setAside(place);
    expect(existsSync(place)).toBe(false);
    expect(textOf(predecessor.folder!)).toBe('old');
    folderWith('a/run', 'new');
    predecessor.remove();
    expect(readdirSync(join(scratch, 'a'))).toEqual(['run']);
    expect(textOf(place)).toBe('new');
  });

  it('puts it back over a successor that failed', () => {
    const place = folderWith('b/run', 'old');
    const predecessor = setAside(place);
    folderWith('b/run', 'half');
    predecessor.restore();
    expect(readdirSync(join(scratch, 'b'))).toEqual(['run']);
    expect(textOf(place)).toBe('old');
  });

  it('never overwrites what an interrupted command left, and removes all of it in the end', () => {
    const place = folderWith('c/run', 'first');
    setAside(place);
    folderWith('c/run', 'interrupted');
    const predecessor = setAside(place);
    expect(readdirSync(join(scratch, 'c')).sort()).toEqual(['run.previous', 'run.previous-2']);
    expect(textOf(`${place}.previous`)).toBe('first');
    folderWith('c/run', 'finished');
    folderWith('c/run.previous-notes', 'of somebody else');
    predecessor.remove();
    expect(readdirSync(join(scratch, 'c')).sort()).toEqual(['run', 'run.previous-notes']);
  });

  it('has nothing to put back where nothing was', () => {
    mkdirSync(join(scratch, 'd'));
    const predecessor = setAside(join(scratch, 'd/run'));
    expect(predecessor.folder).toBeUndefined();
    folderWith('d/run', 'half');
    predecessor.restore();
    expect(readdirSync(join(scratch, 'd'))).toEqual([]);
  });
});
