import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel } from '../../src/models/auto.ts';
import type { Model, ModelInputs } from '../../src/models/model.ts';
import { recomputeBlocks } from '../../src/models/recompute.ts';
import {
  autocast,
  backward,
  type DType,
  inferenceMode,
  manualSeed,
  memoryStats,
  randint,
  resetPeakMemory,
  scope,
  type Tensor,
  withSeed,
} from '../../src/torch/index.ts';
import { adamW } from '../../src/train/optimizers/adamw.ts';
import { tinyConfigs } from './tiny-configs.ts';

const VOCAB = 37;
const tokens = (shape: number[], seed: number): Tensor =>
  withSeed(seed, () => randint(4, VOCAB, shape, { dtype: 'int64' }));

interface Options {
  isRecomputed: boolean;
  steps?: number;
  /** Passes before an update. */
  accumulate?: number;
  dtype?: DType;
}

/** Trains and tells the losses and the weights at the end. */
function train(make: () => Model, inputs: (seed: number) => ModelInputs, options: Options) {
  const { isRecomputed, steps = 4, accumulate = 1, dtype = 'float32' } = options;
  manualSeed(3);
  using model = make().train();
  recomputeBlocks(model, isRecomputed);
  const optimizer = adamW([...model.namedParameters()], { eps: 1e-3 });
  const losses: number[] = [];
  const live: number[] = [];
  for (let step = 0; step < steps; step++) {
    for (let part = 0; part < accumulate; part++) {
      scope(() => {
        const { loss } = autocast(dtype, () => model.forward(inputs(step * accumulate + part)));
        backward(loss!);
        losses.push(loss!.item());
      });
    }
    optimizer.step(0.01);
    model.zeroGrad();
    live.push(memoryStats().liveBytes);
  }
  const weights = model.parameters().map(parameter => parameter.toNumbers());
  optimizer.dispose();
  return { losses, weights, live };
}

const gpt2 = (dropout = 0, layers = 3) =>
  createModel('gpt2', { layers, hidden: 16, heads: 2, context: 8, vocabSize: VOCAB }, { seed: 1, dropout });
const language = (seed: number): ModelInputs => ({
  inputIds: tokens([2, 8], seed),
  labels: tokens([2, 8], seed + 100),
});

function expectSame(make: () => Model, options: Partial<Options> = {}, inputs = language): void {
  const [plain, again] = [false, true].map(isRecomputed => train(make, inputs, { ...options, isRecomputed }));
  expect(again.losses).toEqual(plain.losses);
  expect(again.weights).toEqual(plain.weights);
}

describe('recomputeBlocks', () => {
  it('changes no bit of training, the table of words being the output layer as well', () => expectSame(gpt2));

  it('draws the same dropout', () => {
    expectSame(() => gpt2(0.3));
    const [dropped, whole] = [gpt2.bind(null, 0.3), gpt2].map(make => train(make, language, { isRecomputed: true }));
    expect(dropped.losses).not.toEqual(whole.losses);
  });

  it('changes no bit in mixed precision, and none when gradients are accumulated', () => {
    expectSame(() => gpt2(0.1), { dtype: 'bfloat16', accumulate: 3 });
  });

  it('gives a block that stands several times the sum of its gradients', () => {
    const albert = () => createFromConfig({ model_type: 'albert', ...tinyConfigs.albert }, { seed: 1 });
    expectSame(albert);
  });

  it('serves an encoder and a decoder that attends to it', () => {
    const t5 = () =>
      createFromConfig(
        { model_type: 't5', architectures: ['T5ForConditionalGeneration'], ...tinyConfigs.t5, num_decoder_layers: 3 },
        { seed: 1 },
      );
    const [plain, again] = [false, true].map(isRecomputed => train(t5, language, { isRecomputed }));
    // The encoder's output is read by every block of the decoder: its gradients are summed in another order.
    for (const [i, loss] of plain.losses.entries()) expect(again.losses[i]).toBeCloseTo(loss, 5);
    expect(again.losses[0]).toBe(plain.losses[0]);
  });

  it('needs memory for the activations of one block instead of all', () => {
    const sizes = { layers: 12, hidden: 64, heads: 4, context: 64, vocabSize: VOCAB };
    const batch = (seed: number): ModelInputs => ({
      inputIds: tokens([4, 64], seed),
      labels: tokens([4, 64], seed + 1),
    });
    const peak = (isRecomputed: boolean): number => {
      const before = memoryStats().liveBytes;
      using model = createModel('gpt2', sizes, { seed: 1, dropout: 0.1 }).train();
      recomputeBlocks(model, isRecomputed);
      const activations = memoryStats().liveBytes;
      resetPeakMemory();
      scope(() => backward(model.forward(batch(1)).loss!));
      const { peakBytes } = memoryStats();
      expect(memoryStats().liveBytes - before).toBeLessThan(3 * (activations - before)); // weights and gradients
      return peakBytes - activations;
    };
    expect(peak(true)).toBeLessThan(0.4 * peak(false));
  });

  it('keeps nothing from step to step', () => {
    const { live } = train(() => gpt2(0.1), language, { isRecomputed: true, steps: 20 });
    expect(new Set(live.slice(1)).size).toBe(1);
  });

  it('is of no account outside training', () => {
    using model = gpt2(0.3).eval();
    const loss = (): number => scope(() => inferenceMode(() => model.forward(language(1)).loss!.item()));
    const expected = loss();
    recomputeBlocks(model);
    expect(loss()).toBe(expected);
  });
});
