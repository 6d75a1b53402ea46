import { defineConfig } from 'vitest/config';

/**
 * Files share a process and what they import, which takes a third of the time of a process for each. These have their own: they mock
 * modules, put other functions in the place of Node's, or count what the process has from zero.
 */
const alone = [
  'bench/python-peer',
  'cli/errors',
  'cli/run-programs',
  'cli/signals',
  'serve/chaos',
  'serve/http/line-writer',
  'support/files-sync',
  'support/lock',
  'support/progress',
  'support/sqlite',
  'torch/memory',
].map(name => `test/${name}.test.ts`); // biome-ignore format: one list

// Worker threads and the native bridge run from dist/, which `npm test` builds first.
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'sharing', include: ['test/**/*.test.ts'], exclude: alone, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
    setupFiles: ['test/setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    // Tensors here are tiny; threads of several test files would only wait for each other.
    env: { TSLM_THREADS: process.env.TSLM_THREADS ?? '1', TSLM_LANG: 'en' },
  },
});
