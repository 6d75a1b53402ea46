import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { restoreFolder, writeFolder } from '../../src/support/write-folder.ts';
import { errorOf } from '../data/helpers.ts';
import { runProcess } from '../helpers/cli.ts';
import { scratchFolder } from './scratch.ts';

const folder = scratchFolder();

/** A new folder in which a test writes `out`. */
function parent(name: string, files: Record<string, string> = {}): string {
  const path = join(folder, name);
  mkdirSync(path);
  put(path, files);
  return path;
}
function put(path: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
}
const namesIn = (path: string): string[] => (readdirSync(path, { recursive: true }) as string[]).sort();
const writing = (text: string) => (path: string) => writeFileSync(join(path, 'file'), text);
const endedProcess = async (): Promise<string> =>
  (await runProcess(process.execPath, ['-p', 'process.pid'])).stdout.trim();

describe('a folder', () => {
  it('appears whole, and gives what its writer gives', async () => {
    const home = parent('new');
    const out = join(home, 'deep', 'out');
    const result = await writeFolder(out, path => {
      writing('text')(path);
      expect(existsSync(out)).toBe(false);
      return 7;
    });
    expect(result).toBe(7);
    expect(namesIn(home)).toEqual(['deep', 'deep/out', 'deep/out/file']);
  });

  it('is not there when its writer fails', async () => {
    const home = parent('failing');
    const failing = writeFolder(join(home, 'out'), path => {
      writing('half')(path);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(namesIn(home)).toEqual([]);
  });

  it('takes the place of an empty one', async () => {
    const home = parent('empty');
    mkdirSync(join(home, 'out'));
    await writeFolder(join(home, 'out'), writing('text'));
    expect(namesIn(home)).toEqual(['out', 'out/file']);
  });

  it.each([
    ['a folder', 'out/mine'],
    ['a file', 'out'],
  ])('never takes the place of %s that appeared in the meantime, and is not lost', async (_, theirs) => {
    const home = parent(`appeared-${theirs.length}`);
    const error = await errorOf(() =>
      writeFolder(join(home, 'out'), path => {
        writing('result')(path);
        put(home, { [theirs]: 'theirs' });
      }),
    );
    expect(error).toMatchObject({ code: 'TSLM_OUTPUT_EXISTS', exitCode: 1 });
    expect(error.hint).toContain(join(home, 'out-2'));
    expect(readFileSync(join(home, theirs), 'utf8')).toBe('theirs');
    expect(readFileSync(join(home, 'out-2', 'file'), 'utf8')).toBe('result');
  });

  it('is written by one at a time', async () => {
    const home = parent('two');
    const out = join(home, 'out');
    const error = await errorOf(() => writeFolder(out, () => writeFolder(out, writing('second'))));
    expect(error).toMatchObject({ code: 'TSLM_LOCKED' });
    expect(error.message).toContain(`${out}: process ${process.pid}`);
    expect(namesIn(home)).toEqual([]);
  });

  it('that cannot be written is named, and an input that cannot be read too', async () => {
    const home = parent('errors', { plain: '' });
    const below = join(home, 'plain', 'out');
    expect((await errorOf(() => writeFolder(below, writing('')))).message).toContain(below);
    const missing = join(home, 'missing.txt');
    const error = await errorOf(() => writeFolder(join(home, 'out'), () => void readFileSync(missing)));
    expect(error.message).toBe(`${missing}: no such file or folder`);
  });
});

describe('a folder with something in it', () => {
  it('is left alone unless it may be replaced or added to, and so is a file', async () => {
    const home = parent('filled', { 'out/file': 'theirs', plain: '' });
    const error = await errorOf(() => writeFolder(join(home, 'out'), writing('')));
    expect(error).toMatchObject({ code: 'TSLM_OUTPUT_EXISTS', exitCode: 2 });
    for (const options of [{}, { merge: true }, { replace: true }]) {
      const refused = await errorOf(() => writeFolder(join(home, 'plain'), writing(''), options));
      expect(refused.code).toBe('TSLM_ENOTDIR');
    }
    expect(namesIn(home)).toEqual(['out', 'out/file', 'plain']);
  });
});

describe('with merge', () => {
  it('files take the places of those with their names, and others stay', async () => {
    const home = parent('merge', { 'out/file': 'old', 'out/other': 'other' });
    await writeFolder(join(home, 'out'), writing('new'), { merge: true });
    expect(namesIn(home)).toEqual(['out', 'out/file', 'out/other']);
    expect(readFileSync(join(home, 'out', 'file'), 'utf8')).toBe('new');
  });
});

describe('a predecessor', () => {
  it('stands until its successor is whole', async () => {
    const home = parent('replaced', { 'out/file': 'old', 'out/only-old': '' });
    const file = join(home, 'out', 'file');
    await writeFolder(
      join(home, 'out'),
      path => {
        writing('new')(path);
        expect(readFileSync(file, 'utf8')).toBe('old');
      },
      { replace: true },
    );
    expect(namesIn(home)).toEqual(['out', 'out/file']);
    expect(readFileSync(file, 'utf8')).toBe('new');
  });

  it('stays when the successor fails', async () => {
    const home = parent('kept', { 'out/file': 'old' });
    const failing = writeFolder(join(home, 'out'), () => Promise.reject(new Error('no')), { replace: true });
    await expect(failing).rejects.toThrow('no');
    expect(readFileSync(join(home, 'out', 'file'), 'utf8')).toBe('old');
    expect(namesIn(home)).toEqual(['out', 'out/file']);
  });

  it('is put back when its successor cannot be put in its place', async () => {
    const home = parent('put-back', { 'out/file': 'old' });
    const out = join(home, 'out');
    // The successor disappears, so that renaming it fails after the old folder was moved aside.
    const { rmSync } = await import('node:fs');
    const write = (path: string) => rmSync(path, { recursive: true });
    await expect(writeFolder(out, write, { replace: true })).rejects.toThrow();
    expect(readFileSync(join(out, 'file'), 'utf8')).toBe('old');
    expect(namesIn(home)).toEqual(['out', 'out/file']);
  });

  it('is not replaced by one that the caller does not agree to replace any more', async () => {
    const home = parent('foreign', { 'out/corpus': '' });
    const check = (): void => {
      if (!existsSync(join(home, 'out', 'corpus'))) throw new Error('no corpus');
    };
    const { renameSync } = await import('node:fs');
    const write = (path: string): void => {
      writing('result')(path);
      renameSync(join(home, 'out', 'corpus'), join(home, 'out', 'letters'));
    };
    await expect(writeFolder(join(home, 'out'), write, { replace: true, check })).rejects.toThrow('in the meantime');
    expect(namesIn(home)).toEqual(['out', 'out-2', 'out-2/file', 'out/letters']);
  });

  it('that is a link to a folder is replaced where it leads', async () => {
    const home = parent('link', { 'real/file': 'old' });
    symlinkSync('real', join(home, 'out'));
    await writeFolder(join(home, 'out'), writing('new'), { replace: true });
    expect(readFileSync(join(home, 'real', 'file'), 'utf8')).toBe('new');
    expect(readdirSync(home)).toEqual(['out', 'real']);
    expect(lstatSync(join(home, 'out')).isSymbolicLink()).toBe(true);
  });
});

describe('what a process left that was killed', () => {
  it('while it wrote is removed by the next, under other names too', async () => {
    const owner = `${await endedProcess()} ${hostname()} x\n`;
    const home = parent('leftovers', {
      'out.lock': owner,
      'out.0123abcd.tmp/parts/spool': 'much',
      'other.lock': owner,
      'other.89abcdef.tmp/parts/spool': 'much',
      'mine.0123abcd.tmp': 'nobody says what this is',
      'yarn.lock': '# not a lock of ours\n',
    });
    await writeFolder(join(home, 'out'), writing('text'));
    expect(namesIn(home)).toEqual(['mine.0123abcd.tmp', 'out', 'out/file', 'yarn.lock']);
  });

  it('between the two renames is put back, before anything else is done', async () => {
    const owner = `${await endedProcess()} ${hostname()} x\n`;
    const left = { 'out.lock': owner, 'out.0123abcd.tmp.old/file': 'old', 'out.0123abcd.tmp/file': 'new' };
    const home = parent('halfway', left);
    const out = join(home, 'out');
    restoreFolder(out);
    expect(namesIn(home)).toEqual(['out', 'out/file']);
    expect(readFileSync(join(out, 'file'), 'utf8')).toBe('old');

    const again = parent('halfway-again', left);
    const failing = writeFolder(join(again, 'out'), () => Promise.reject(new Error('no')), { replace: true });
    await expect(failing).rejects.toThrow('no');
    expect(readFileSync(join(again, 'out', 'file'), 'utf8')).toBe('old');
  });

  it('is left alone while its process lives', () => {
    const home = parent('alive', {
      'out.lock': `${process.pid} ${hostname()} x\n`,
      'out.0123abcd.tmp.old/file': 'old',
    });
    restoreFolder(join(home, 'out'));
    expect(existsSync(join(home, 'out'))).toBe(false);
  });
});
