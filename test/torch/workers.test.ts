import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { memoryStats } from '../../src/torch/index.ts';

interface Result {
  total: number;
  error: string;
  left: number;
  numel: number;
}

const run = (seed: number): Promise<Result> =>
  new Promise((resolve, reject) => {
    const file = new URL('../fixtures/torch/worker.mjs', import.meta.url);
    const worker = new Worker(file, { workerData: { seed, rounds: 50 } });
    let result: Result;
    worker.on('message', message => {
      result = message;
    });
    worker.on('error', reject);
    worker.on('exit', code => (code === 0 ? resolve(result) : reject(new Error(`exit code ${code}`))));
  });

describe('worker threads', () => {
  it('compute at once, each with tensors, gradients and errors of its own', async () => {
    const { liveBytes, tensors } = memoryStats();
    const seeds = [1, 2, 3, 4];
    const together = await Promise.all(seeds.map(run));
    for (const [i, result] of together.entries()) {
      expect(result.total).toBe((await run(seeds[i])).total);
      expect(result.error).toMatch(/^TorchError: aten::matmul\(self: float32\[2\], other: float32\[3\]\): /);
      expect(result.left).toBe(2); // the operands of the failed product, outside every scope
    }
    expect(new Set(together.map(({ total }) => total)).size).toBe(seeds.length);
    const after = memoryStats();
    expect([after.tensors, after.liveBytes]).toEqual([tensors, liveBytes]);
  });
});
