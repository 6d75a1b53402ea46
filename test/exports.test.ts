/** What the package exports: every subpath is there, and declarations mention only types that can be imported. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exportsOf, mentionedBy, type Name } from './helpers/declarations.ts';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, { types: string; default: string } | string>;
};
const entries = Object.entries(exports).filter(
  (entry): entry is [string, { types: string; default: string }] => typeof entry[1] === 'object',
);
const sources = entries.map(([, { types }]) => types.replace(/^\.\/dist/, 'src').replace(/\.d\.ts$/, '.ts'));
const declarations = entries.map(([, { types }]) => types.replace(/^\.\//, ''));

it('each subpath has a source', () => {
  expect(sources.length).toBeGreaterThan(15);
  expect(sources.filter(path => !existsSync(path))).toEqual([]);
});

it('declarations mention only types that some subpath exports', () => {
  const exported = new Set<Name>(declarations.flatMap(file => [...exportsOf(file).values()]));
  expect(exported.size).toBeGreaterThan(200);
  const missing = [...exported].flatMap(name =>
    mentionedBy(name)
      .filter(other => !exported.has(other))
      .map(other => `${name} mentions ${other}`),
  );
  expect(missing).toEqual([]);
});

it('internals stay inside', () => {
  const names = declarations.flatMap(file => [...exportsOf(file).keys()]);
  expect(names.filter(name => name.startsWith('_') || name === 'castWeight')).toEqual([]);
});
