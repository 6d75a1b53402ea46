/** Training on a GPU: every optimizer's updates, whole runs, and runs that were interrupted. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createModel } from '../../src/models/auto.ts';

import { resumeRun, startRun } from '../../src/runs/run.ts';
import { backward, type Device, fromTypedArray, scope } from '../../src/torch/index.ts';
import { createOptimizer, optimizerSchema } from '../../src/train/optimizers/optimizers.ts';
import { cudaDevice } from '../helpers/cuda.ts';
import { metricsOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const [device] = cudaDevice;

/** Losses of a few steps on the same tokens. */
function losses(on: Device, name: string): number[] {
  const options = { layers: 2, hidden: 32, heads: 2, context: 24, vocabSize: 50 };
  using model = createModel('gpt2', options, { seed: 1 });
  model.to({ device: on }).train();
  const optimizer = createOptimizer([...model.namedParameters()], optimizerSchema.parse({ name, lr: 0.01 }));
  const ids = BigInt64Array.from({ length: 4 * 24 }, (_, i) => BigInt((i * i * 7) % 50));
  const found = Array.from({ length: 6 }, () =>
    scope(() => {
      const inputIds = fromTypedArray(ids, [4, 24]).to({ device: on });
      const { loss } = model.forward({ inputIds, labels: inputIds });
      backward(loss!);
      optimizer.step(0.01, 0.5);
      model.zeroGrad();
      return loss!.item();
    }),
  );
  optimizer.dispose();
  return found;
}

describe.skipIf(device === undefined)('training on a GPU', () => {
  it.each(['adamw', 'muon', 'adafactor', 'lion', 'sgd', 'lamb'])('%s makes the updates of the CPU', name => {
    const expected = losses('cpu', name);
    // Muon's products are rounded to bfloat16 on the CPU alone.
    const digits = name === 'muon' ? 1 : 3;
    for (const [step, loss] of losses(device, name).entries()) expect(loss).toBeCloseTo(expected[step], digits);
  });

  const corpus = tinyCorpus(join(folder, 'corpus'));
  const recipe = (changes: object) => tinyRecipe(corpus, { train: { steps: 12, batchSize: 2, device, ...changes } });
  const lossesOf = (run: string): number[] =>
    metricsOf(run).flatMap(line => {
      const { loss } = JSON.parse(line) as { loss?: number };
      return loss === undefined ? [] : [loss];
    });

  it.each(['float32', 'bf16'] as const)('runs a recipe in %s, and goes on to the same numbers', async precision => {
    const straight = join(folder, `straight-${precision}`);
    await startRun(recipe({ precision }), straight);
    const whole = lossesOf(straight);
    expect(whole.length).toBeGreaterThan(6);
    expect(whole.at(-1)!).toBeLessThan(whole[0]);

    const stopped = join(folder, `stopped-${precision}`);
    const controller = new AbortController();
    const onStep = ({ step }: { step: number }) => step === 7 && controller.abort();
    await startRun(recipe({ precision }), stopped, { signal: controller.signal, hooks: { onStep } });
    expect(await resumeRun(stopped)).toMatchObject({ step: 12, finished: true });
    expect(lossesOf(stopped)).toEqual(whole);
  });
});
