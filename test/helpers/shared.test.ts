import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, it } from 'vitest';
import { describeShared, itShared, shared, sharedFiles } from './shared.ts';

const ran: string[] = [];
describeShared('no-such-folder', 'a describe without its folder', path => {
  ran.push(path);
});
itShared('no-such-folder', 'a test without its folder', path => {
  ran.push(path);
});

it('runs nothing where there is nothing to read', () => {
  expect(ran).toEqual([]);
  expect(shared('no-such-folder')).toBeUndefined();
  expect(sharedFiles('no-such-folder/*')).toEqual([]);
});

it('is the only way from tests to that folder', () => {
  const own = /^shared(\.test)?\.ts$/;
  const files = globSync('test/**/*.ts').filter(path => !own.test(basename(path)));
  expect(files.length).toBeGreaterThan(200);
  expect(files.filter(path => /['"`](\.\.\/)+shared\/|'\.\.', 'shared'/.test(readFileSync(path, 'utf8')))).toEqual([]);
});
