/** The folders of src/ are floors: each imports only from itself and from floors below. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';

/** From the ground up. */
const floors = [
  'support',
  'hub',
  'torch',
  'tokenizers',
  'constrain',
  'data',
  'nn',
  'vectors',
  'ngram',
  'models',
  'objectives',
  'generate',
  'train',
  'compress',
  'explain',
  'tasks',
  'engine',
  'evaluate',
  'prompt',
  'runs',
  'online',
  'serve',
  'ai-sdk',
  'library',
  'exports',
  'bench',
  'cli',
];

const floorOf = (path: string): string => path.split('/')[0];

/** Every file of the project's own that a source text imports, relative to src/. */
function importsOf(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1]);
  return specifiers.map(specifier => relative('src', join('src', dirname(file), specifier)));
}

/** Those that are there at run time: types are gone by then. */
function valueImportsOf(file: string, text: string): string[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(?!type\b)([^;'"]*?)\s*from\s*'(\.[^']+)'|^import\s+'(\.[^']+)'/gm,
  );
  return [...statements].flatMap(([, names, from, alone]) => {
    const listed = names
      ?.match(/^\{(.*)\}$/s)?.[1]
      .split(',')
      .filter(name => name.trim() !== '');
    if (listed && listed.length > 0 && listed.every(name => name.trim().startsWith('type '))) return [];
    return [relative('src', join('src', dirname(file), from ?? alone))];
  });
}

/** Files that import each other, directly or by way of others: what is loaded first then decides what is undefined. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file]);
    if (done.has(file) || path.includes(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return circles;
}

const isAllowed = (from: string, to: string): boolean =>
  floorOf(from) === floorOf(to) || floors.indexOf(floorOf(to)) < floors.indexOf(floorOf(from));

describe('floors', () => {
  const files = globSync('**/*.ts', { cwd: 'src' });

  it('has a place for every folder', () => {
    const folders = readdirSync('src', { withFileTypes: true }).filter(entry => entry.isDirectory());
    for (const { name } of folders) expect(floors).toContain(name);
    expect(files.length).toBeGreaterThan(100);
  });

  it('nothing imports from above', () => {
    let imports = 0;
    const wrong = files
      .filter(file => file.includes('/')) // the library's entry point may use every floor
      .flatMap(file =>
        importsOf(file, readFileSync(join('src', file), 'utf8'))
          .filter(target => ++imports && !isAllowed(file, target))
          .map(target => `${file} imports ${target}`),
      );
    expect(imports).toBeGreaterThan(1000);
    expect(wrong).toEqual([]);
  });

  it('nothing imports itself by way of others, at run time', () => {
    const imports = new Map(files.map(file => [file, valueImportsOf(file, readFileSync(join('src', file), 'utf8'))]));
    expect([...imports.values()].flat().length).toBeGreaterThan(1000);
    expect(circlesOf(imports)).toEqual([]);
  });

  it('finds circles, and what is imported for its type alone', () => {
    const text = `import { type A, type B } from './types.ts';\nimport type { C } from './c.ts';
import { d, type D } from '../d.ts';\nexport { e } from './e.ts';\nimport './f.ts';
import {
  type G,
  g,
} from './g.ts';`;
    expect(valueImportsOf('torch/a.ts', text)).toEqual(['d.ts', 'torch/e.ts', 'torch/f.ts', 'torch/g.ts']);
    const imports = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', []],
    ]);
    expect(circlesOf(imports)).toEqual([['a', 'b', 'c', 'a']]);
  });

  it('finds imports of every form', () => {
    const text = `import { a } from '../cli/main.ts';\nexport * from "x"; export { b } from './b.ts';
      import type { C } from '../../c.ts'; const d = await import('../train/loop.ts'); import './e.ts';`;
    expect(importsOf('torch/tensor.ts', text)).toEqual([
      'cli/main.ts',
      'torch/b.ts',
      '../c.ts',
      'train/loop.ts',
      'torch/e.ts',
    ]);
    expect(isAllowed('torch/tensor.ts', 'cli/main.ts')).toBe(false);
    expect(isAllowed('cli/main.ts', 'torch/tensor.ts')).toBe(true);
    expect(isAllowed('torch/tensor.ts', '../c.ts')).toBe(true);
  });
});

it('each file opens with a comment that says what it is', () => {
  const files = globSync('src/**/*.ts').filter(path => !/^src\/(online|prompt)\//.test(path.replaceAll('\\', '/')));
  expect(files.length).toBeGreaterThan(500);
  const bare = files.filter(path => !/^(\/\*\*|\/\/|\/\*)/.test(readFileSync(path, 'utf8')));
  expect(bare).toEqual([]);
});
