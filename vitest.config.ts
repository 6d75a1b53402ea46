import { defineConfig } from 'vitest/config';

/** Files of these folders neither start anything nor change their process: those of one process share what they import. */
const sharing = ['constrain', 'evaluate', 'explain', 'generate', 'models', 'ngram', 'nn', 'objectives', 'tokenizers', 'train']
  .map(folder => `test/${folder}/**/*.test.ts`); // biome-ignore format: one list

// Worker threads and the native bridge run from dist/, which `npm test` builds first.
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'sharing', include: sharing, isolate: false } },
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: sharing } },
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
