import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/rows/dataset.ts';
import type { Rows } from '../../src/data/rows/rows.ts';
import { createModel } from '../../src/models/auto.ts';
import { causal } from '../../src/objectives/causal.ts';
import { createRandom } from '../../src/support/random.ts';
import { emptyCache, keep, memoryStats, resetPeakMemory, zeros } from '../../src/torch/index.ts';
import { heldOut } from '../../src/train/evaluation.ts';
import { trainLoop } from '../../src/train/loop.ts';
import { adamW } from '../../src/train/optimizers/adamw.ts';
import { createSampler } from '../../src/train/sampler.ts';
import { wholeModel } from '../../src/train/trainable.ts';

/** Trains a tiny GPT-2 and returns live bytes and tensors after each step. */
async function train(steps: number, onStep?: () => void): Promise<string[]> {
  const sizes = { layers: 1, hidden: 8, heads: 2, context: 6, vocabSize: 11 };
  using model = createModel('gpt2', sizes, { seed: 1, dropout: 0.1 });
  const optimizer = adamW([...model.namedParameters()]);
  const random = createRandom(1);
  const seen: string[] = [];
  const objective = causal({ context: 6, packing: 'documents' });
  const data: Dataset<Rows['tokens']> = {
    length: 9,
    row: () => ({ ids: Uint16Array.from({ length: 7 }, () => random.below(11)), starts: [0, 3] }),
    fingerprint: '',
  };
  await trainLoop({
    trainable: wholeModel(model),
    objective,
    data,
    sampler: createSampler({ length: data.length, seed: 1, batchSize: 2, parts: 2 }),
    seed: 1,
    optimizer,
    schedule: () => 1e-3,
    startStep: 0,
    steps,
    gradientAccumulation: 2,
    clipGradNorm: 1,
    dtype: 'float32',
    device: 'cpu',
    evaluations: [
      { evaluation: heldOut({ objective, data, batchSize: 2, dtype: 'float32', device: 'cpu', seed: 1 }), every: 100 },
    ],
    hooks: {
      onStep() {
        onStep?.();
        const { liveBytes, tensors } = memoryStats();
        seen.push(`${liveBytes} bytes in ${tensors} tensors`);
      },
    },
  });
  optimizer.dispose();
  return seen;
}

const isFlat = (seen: string[]): boolean => new Set(seen.slice(1)).size === 1;

describe('memory of a training loop', () => {
  const steps = process.env.TSLM_LONG ? 1000 : 150;
  it(`is flat over ${steps} steps, from the second on`, async () => {
    const before = memoryStats();
    const seen = await train(steps);
    expect(seen.length).toBe(steps);
    expect(new Set(seen.slice(1))).toEqual(new Set([seen[1]]));
    const after = memoryStats();
    expect([after.tensors, after.liveBytes]).toEqual([before.tensors, before.liveBytes]);
  });

  it('is seen to grow by a single small tensor a step', async () => {
    const leaked: ReturnType<typeof zeros>[] = [];
    expect(isFlat(await train(5))).toBe(true);
    expect(isFlat(await train(5, () => leaked.push(keep(zeros([1])))))).toBe(false);
    for (const tensor of leaked) tensor.dispose();
  });
});

describe('memoryStats', () => {
  it('counts live bytes, the peak, and blocks kept for reuse', () => {
    emptyCache();
    resetPeakMemory();
    const before = memoryStats();
    expect([before.cachedBytes, before.peakBytes]).toEqual([0, before.liveBytes]);
    const megabyte = zeros([2 ** 18]);
    expect(memoryStats().liveBytes - before.liveBytes).toBe(2 ** 20);
    expect(memoryStats().tensors - before.tensors).toBe(1);
    megabyte.dispose();
    const after = memoryStats();
    expect(after.liveBytes).toBe(before.liveBytes);
    expect(after.peakBytes - before.liveBytes).toBe(2 ** 20);
    expect(after.cachedBytes).toBeGreaterThanOrEqual(2 ** 20);
    const again = zeros([2 ** 18]);
    const taken = after.cachedBytes - memoryStats().cachedBytes; // the same block serves again
    expect(taken).toBeGreaterThanOrEqual(2 ** 20);
    expect(taken).toBeLessThan(2 ** 20 + 2 ** 14);
    again.dispose();
    emptyCache();
    expect(memoryStats().cachedBytes).toBe(0);
    resetPeakMemory();
    expect(memoryStats().peakBytes).toBe(before.liveBytes);
  });
});

describe('large blocks', () => {
  it('are joined when they are freed, so that a larger one takes their place', () => {
    emptyCache();
    // Three fill a segment of 64 MB but for a rest that is too small for two.
    const size = 5 * 2 ** 20;
    const [first, second, third] = [1, 2, 3].map(() => zeros([size]));
    const before = memoryStats();
    first.dispose();
    second.dispose();
    const both = zeros([2 * size]);
    const after = memoryStats();
    // Nothing came from the system: what is in use and what is kept are as much as before.
    expect(after.cachedBytes + after.liveBytes - before.cachedBytes - before.liveBytes).toBeLessThan(2 ** 14);
    both.dispose();
    third.dispose();
    emptyCache();
    expect(memoryStats().cachedBytes).toBe(0);
  });
});

/** Runs a program of its own over the built library, with the garbage collector in hand. */
const program = (code: string): unknown =>
  JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', code], {
      cwd: process.cwd(),
    }).toString(),
  );

const prelude = `
  import { setImmediate } from 'node:timers/promises';
  import * as torch from './dist/torch/index.js';
  const collect = async () => { for (let i = 0; i < 5; i++) { gc(); await setImmediate(); } };
  import { native } from './dist/torch/native.js';
  const external = () => native().adjustExternalMemory(0);
`;

describe('the garbage collector', () => {
  it('frees forgotten tensors at last, and knows their size', () => {
    const seen = program(`${prelude}
      torch.zeros([1]).dispose();
      await collect();
      const before = { ...torch.memoryStats(), external: external() };
      let forgotten = Array.from({ length: 10 }, () => torch.zeros([2 ** 20]));
      const held = { ...torch.memoryStats(), external: external() };
      forgotten = undefined;
      await collect();
      const after = { ...torch.memoryStats(), external: external() };
      console.log(JSON.stringify({ before, held, after }));`) as Record<string, Record<string, number>>;
    const megabytes = (part: string, key: string) => Math.round((seen[part][key] - seen.before[key]) / 2 ** 20);
    expect([megabytes('held', 'liveBytes'), megabytes('held', 'external')]).toEqual([40, 40]);
    expect([megabytes('after', 'liveBytes'), megabytes('after', 'external')]).toEqual([0, 0]);
    expect(seen.after.tensors).toBe(seen.before.tensors);
  });

  it('is made to run by the size of forgotten tensors, not by their number', () => {
    const peak = program(`${prelude}
      for (let i = 0; i < 400; i++) {
        torch.empty([2 ** 20]);
        await setImmediate();
      }
      console.log(torch.memoryStats().peakBytes);`);
    expect(peak).toBeLessThan(400 * 2 ** 22 * 0.5);
  });

  it('is told when tensors are freed by hand, kept, or given to a parameter', () => {
    const grown = program(`${prelude}
      import { Parameter } from './dist/nn/index.js';
      torch.zeros([1]).dispose();
      await collect();
      const before = external();
      const kept = torch.scope(() => torch.keep(torch.zeros([2 ** 20])));
      const parameter = new Parameter(torch.zeros([2 ** 20]));
      const held = external() - before;
      kept.dispose();
      parameter.replace(torch.ones([2 ** 18]));
      const smaller = external() - before;
      parameter.dispose();
      console.log(JSON.stringify([held, smaller, external() - before, torch.memoryStats().tensors]));`);
    expect(grown).toEqual([2 ** 23, 2 ** 20, 0, 0]);
  });

  it('is told nothing of tensors that have no memory, for which it would collect in vain', () => {
    const announced = program(`${prelude}
      torch.zeros([1]).dispose();
      await collect();
      const before = external();
      const shape = torch.empty([2 ** 20, 2 ** 12], { device: 'meta' });
      const real = torch.empty([2 ** 20]);
      console.log(JSON.stringify([external() - before, shape.numel + real.numel]));`);
    expect(announced).toEqual([2 ** 22, 2 ** 32 + 2 ** 20]);
  });

  it('keeps an array alive as long as a tensor uses it, and no longer', () => {
    const seen = program(`${prelude}
      const buffers = () => process.memoryUsage().arrayBuffers;
      await collect();
      const before = buffers();
      const make = () => torch.fromTypedArray(new Float32Array(2 ** 20).fill(3), [2 ** 20], { copy: false });
      const x = make();
      await collect();
      const sum = x.mean().item();
      const held = buffers() - before;
      x.dispose();
      torch.fromTypedArray(new Uint8Array(1), [1]).dispose(); // references are let go at the next visit
      await collect();
      console.log(JSON.stringify([sum, held, buffers() - before]));`) as number[];
    expect(seen[0]).toBe(3);
    expect(seen[1]).toBeGreaterThanOrEqual(2 ** 22);
    expect(seen[2]).toBeLessThan(2 ** 20);
  });
});
