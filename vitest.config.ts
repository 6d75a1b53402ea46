import { defineConfig } from 'vitest/config';

// Worker threads and the native bridge run from dist/, which `npm test` builds first.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    maxWorkers: 2,
    // Files of a process share what they import, which is half of the time otherwise; what a test changes, it puts back.
    isolate: false,
    // Tensors here are tiny; threads of several test files would only wait for each other.
    env: { TSLM_THREADS: process.env.TSLM_THREADS ?? '1' },
  },
});
