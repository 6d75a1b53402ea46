import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { workerFile } from '../../src/support/workers.ts';

const url = (path: string): string => pathToFileURL(join('/project', path)).href;

describe('workerFile', () => {
  it('finds the compiled file beside a compiled caller', () => {
    expect(workerFile(url('dist/data/pool.js'), './worker')).toBe('/project/dist/data/worker.js');
  });

  it('finds the compiled file for a caller that runs from its source', () => {
    expect(workerFile(url('src/data/pool.ts'), './worker')).toBe('/project/dist/data/worker.js');
    expect(workerFile(url('src/data/readers/pool.ts'), '../worker')).toBe('/project/dist/data/worker.js');
  });
});
