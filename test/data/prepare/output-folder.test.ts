/** `prepare` beside others that write, and after one that was killed. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCorpus } from '../../../src/data/corpus/corpus.ts';
import { prepare } from '../../../src/data/prepare/prepare.ts';
import { runProcess } from '../../helpers/cli.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { byteTokenizer, errorOf } from '../helpers.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);
mkdirSync(place('tokenizer'));
byteTokenizer(place('tokenizer'));
const text = (name: string, content: string): string => {
  writeFileSync(place(name), content);
  return place(name);
};
const [one, two] = [text('one.txt', 'one'), text('two.txt', 'two')];
const options = { tokenizer: place('tokenizer'), validation: 0, test: 0, threads: 0 };
const textOf = (corpus: string): string =>
  Buffer.from(openCorpus(corpus).split('train').document(0).slice(0, -1)).toString();

/** Calls `action` once, in the middle of the work. */
function meanwhile(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}

it('what appears at the place while a corpus is made stays, and the corpus is kept beside it', async () => {
  const out = place('appearing');
  const onProgress = meanwhile(() => {
    mkdirSync(out);
    writeFileSync(join(out, 'notes.txt'), 'mine');
  });
  const error = await errorOf(() => prepare([one], { ...options, out, onProgress }));
  expect(error).toMatchObject({ code: 'TSLM_OUTPUT_EXISTS', exitCode: 1 });
  expect(error.hint).toContain(`${out}-2`);
  expect(readFileSync(join(out, 'notes.txt'), 'utf8')).toBe('mine');
  expect(textOf(`${out}-2`)).toBe('one');
});

it('of two that write to one place at once, the second is refused at once', async () => {
  const out = place('shared');
  let second: Promise<Error & { code?: string }> | undefined;
  const onProgress = meanwhile(() => {
    second = errorOf(() => prepare([two], { ...options, out }));
  });
  await prepare([one], { ...options, out, onProgress });
  expect(await second).toMatchObject({ code: 'TSLM_LOCKED' });
  expect((await second)?.message).toContain(`${out}: process ${process.pid} on ${hostname()}`);
  expect(textOf(out)).toBe('one');
});

it('with overwrite the old corpus stands until the new one is whole', async () => {
  const out = place('replaced');
  await prepare([one], { ...options, out });
  const seen: string[] = [];
  await prepare([two], { ...options, out, overwrite: true, onProgress: meanwhile(() => seen.push(textOf(out))) });
  expect(seen).toEqual(['one']);
  expect(textOf(out)).toBe('two');
});

it('what a killed process left is gone after the next, and a corpus that it had moved aside is back', async () => {
  const home = place('killed');
  mkdirSync(join(home, 'out.0123abcd.tmp', 'work'), { recursive: true });
  writeFileSync(join(home, 'out.0123abcd.tmp', 'work', 'text'), 'a spool');
  const { stdout } = await runProcess(process.execPath, ['-p', 'process.pid']);
  writeFileSync(join(home, 'out.lock'), `${stdout.trim()} ${hostname()} x\n`);
  await prepare([one], { ...options, out: join(home, 'out') });
  expect(readdirSync(home)).toEqual(['out']);

  const { renameSync } = await import('node:fs');
  renameSync(join(home, 'out'), join(home, 'out.0123abcd.tmp.old'));
  expect(textOf(join(home, 'out'))).toBe('one');
  expect(existsSync(join(home, 'out.0123abcd.tmp.old'))).toBe(false);
});
