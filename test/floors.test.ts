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
  'bench',
  'cli',
];

const floorOf = (path: string): string => path.split('/')[0];

/** Every file of the project's own that a source text imports, relative to src/. */
function importsOf(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1]);
  return specifiers.map(specifier => relative('src', join('src', dirname(file), specifier)));
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
    const wrong = files
      .filter(file => file.includes('/')) // the library's entry point may use every floor
      .flatMap(file =>
        importsOf(file, readFileSync(join('src', file), 'utf8'))
          .filter(target => !isAllowed(file, target))
          .map(target => `${file} imports ${target}`),
      );
    expect(wrong).toEqual([]);
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
