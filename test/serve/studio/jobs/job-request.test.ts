/** What may be asked for: known commands and options, values that are right, paths inside the folder. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type JobRequest, readJobRequest } from '../../../../src/serve/studio/jobs/job-request.ts';
import { scratchFolder } from '../../../support/scratch.ts';
import { makePlace } from './helpers.ts';

const scratch = scratchFolder();
const { folder } = makePlace(scratch, 'work');
const outside = join(scratch, 'outside');
mkdirSync(outside);
writeFileSync(join(outside, 'secret.txt'), 'x');
symlinkSync(outside, join(folder, 'link'));
symlinkSync(join(scratch, 'not-there'), join(folder, 'dangling'));
writeFileSync(join(folder, '-x.txt'), 'x');
const recipes = ['/package/recipes/bert.yaml'];

const read = (command: string, values: object): JobRequest => readJobRequest({ command, values }, { folder, recipes });
const prepare = (values: object) => () => read('prepare', { input: 'texts/book.txt', out: 'corpora/new', ...values });
const code = (code: string) => expect.objectContaining({ code });

it('takes what is right, with paths from the folder on', () => {
  expect(prepare({ vocabSize: 300 })()).toEqual({
    command: 'prepare',
    values: { input: 'texts/book.txt', out: 'corpora/new', vocabSize: 300 },
  });
  expect(prepare({ input: join(folder, 'texts') })().values.input).toBe('texts');
  expect(prepare({ input: './texts/../texts' })().values.input).toBe('texts');
  expect(prepare({ input: '.' })().values.input).toBe('.');
  expect(read('train', { recipe: recipes[0] }).values.recipe).toBe(recipes[0]);
});

it('refuses other commands and options, and values that are not right', () => {
  for (const command of ['serve', 'setup', 'prompt', 'prepare; rm', '__proto__', 'toString']) {
    expect(() => read(command, {})).toThrow(code('TSLM_BAD_VALUE'));
  }
  expect(prepare({ encoding: 'utf-8' })).toThrow(code('TSLM_UNKNOWN_KEY'));
  expect(() => readJobRequest({ command: 'prepare', values: {}, cwd: '/' }, { folder, recipes })).toThrow(
    code('TSLM_UNKNOWN_KEY'),
  );
  expect(() => read('prepare', { input: 'texts' })).toThrow(code('TSLM_MISSING_KEY'));
  for (const values of [
    { vocabSize: 0 },
    { vocabSize: 1.5 },
    { vocabSize: '300' },
    { tokenizerKind: 'wordpiece' },
    { overwrite: 'yes' },
    { column: '--json' },
    { column: 'a\nb' },
  ]) {
    expect(prepare(values), JSON.stringify(values)).toThrow(code('TSLM_BAD_VALUE'));
  }
  for (const time of ['5', '-5m', '5m --json', '5m\n']) {
    expect(() => read('train', { recipe: 'tiny.yaml', time }), time).toThrow(code('TSLM_BAD_VALUE'));
  }
  for (const tasks of ['../tasks/x.yaml', '/etc/passwd', '--allow-code-execution']) {
    expect(() => read('evaluate', { model: 'texts', tasks }), tasks).toThrow(code('TSLM_BAD_VALUE'));
  }
  expect(() => read('evaluate', { model: 'texts' })).toThrow(code('TSLM_CONTRADICTION'));
  expect(() => read('evaluate', { model: 'texts', data: 'corpora/old', tasks: 'x' })).toThrow(
    code('TSLM_CONTRADICTION'),
  );
});

it('refuses paths that lead out, wherever links lead', () => {
  for (const input of [
    '../outside/secret.txt',
    join(outside, 'secret.txt'),
    '/',
    'link/secret.txt',
    'link',
    'texts/../../outside',
    'texts/book.txt\0',
  ]) {
    expect(prepare({ input }), input).toThrow(code('TSLM_OUTSIDE'));
  }
  for (const out of ['../new', join(outside, 'new'), 'link/new', 'dangling', 'dangling/new', '.', '']) {
    expect(prepare({ out }), out).toThrow(code(out === '' ? 'TSLM_BAD_VALUE' : 'TSLM_OUTSIDE'));
  }
  expect(() => read('train', { recipe: '/package/recipes/../../etc/passwd' })).toThrow(code('TSLM_OUTSIDE'));
});

it('refuses what is not there, and patterns of names', () => {
  for (const input of ['texts/missing.txt', 'texts/*.txt', '{.,..}/outside']) {
    expect(prepare({ input }), input).toThrow(code('TSLM_ENOENT'));
  }
});

it('no path is taken for an option', () => {
  expect(prepare({ input: '-x.txt' })().values.input).toBe('./-x.txt');
  expect(prepare({ out: '--json' })().values.out).toBe('./--json');
});
