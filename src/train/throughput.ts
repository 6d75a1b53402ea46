/**
 * The speed of training beside what this machine could do: the same model's matrix products, forward and backward, are
 * timed alone in the same process. Their time is the ceiling: no training step can be faster than its products.
 */

import { createModel } from '../models/auto.ts';
import { LMHead } from '../models/heads/lm.ts';
import type { Model } from '../models/model.ts';
import { Attention, Linear } from '../nn/index.ts';
import { causal, requireCausal } from '../objectives/causal.ts';
import { createRandom } from '../support/random.ts';
import { autocast, backward, type Device, type DType, memoryStats, resetPeakMemory, scope } from '../torch/index.ts';
import { type ProductShape, productFlops, productSeconds } from '../torch/matmul-rate.ts';
import { native } from '../torch/native.ts';
import { adamW, clipGradNorm } from './adamw.ts';
import type { Optimizer } from './optimizer.ts';

export interface ThroughputOptions {
  family: string;
  layers: number;
  hidden: number;
  heads: number;
  vocab: number;
  /** Sequences in a batch. */
  batch: number;
  /** Tokens in a sequence. */
  seq: number;
  dtype: DType;
  device?: Device;
  /** Steps that are timed, after two that are not; default 5. */
  steps?: number;
}

export interface Throughput {
  parameters: number;
  tokensPerSecond: number;
  /** Median over the timed steps. */
  stepSeconds: number;
  /** Largest resident set of the process until the last step. */
  peakMemoryBytes: number;
  /** Largest total of live tensors on the CPU. */
  peakTensorBytes: number;
  /** What the matrix products alone would allow. */
  ceilingTokensPerSecond: number;
  ceilingRatio: number;
  /** Of the products, in the step and alone. */
  gflopsPerSecond: number;
  ceilingGflopsPerSecond: number;
}

export function trainThroughput(options: ThroughputOptions): Throughput {
  const { dtype, device = 'cpu', steps = 5, batch, seq, vocab } = options;
  using model = createModel(options.family, { ...options, context: seq, vocabSize: vocab }, { seed: 1 });
  requireCausal(model, 'bench');
  model.to({ device });
  const optimizer = adamW([...model.namedParameters()]);
  resetPeakMemory();
  const seconds = timeSteps(model, optimizer, { dtype, device, steps: steps + 2, batch, seq, vocab }).slice(2);
  const stepSeconds = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
  const { peakBytes } = memoryStats();

  const products = stepProducts(model, { batch, seq });
  const flops = products.reduce((sum, { shape, count }) => sum + productFlops(shape) * count, 0);
  const ceilingSeconds = products.reduce(
    (sum, { shape, count }) => sum + productSeconds(shape, { dtype, device }) * count,
    0,
  );
  const tokens = batch * seq;
  return {
    parameters: model.parameterCount(),
    tokensPerSecond: tokens / stepSeconds,
    stepSeconds,
    peakMemoryBytes,
    peakTensorBytes: peakBytes,
    ceilingTokensPerSecond: tokens / ceilingSeconds,
    ceilingRatio: ceilingSeconds / stepSeconds,
    gflopsPerSecond: flops / stepSeconds / 1e9,
    ceilingGflopsPerSecond: flops / ceilingSeconds / 1e9,
  };
}

/** Seconds of each of some training steps on random tokens: batch, forward, backward, clipping, update. */
export function timeSteps(
  model: Model,
  optimizer: Optimizer,
  {
    dtype,
    device,
    steps,
    batch,
    seq,
    vocab,
  }: Required<Omit<ThroughputOptions, 'family' | 'layers' | 'hidden' | 'heads'>>,
): number[] {
  const parameters = model.parameters();
  const random = createRandom(1);
  model.train();
  const seconds = Array.from({ length: steps }, () => {
    const examples = Array.from({ length: batch }, () =>
      Uint32Array.from({ length: seq + 1 }, () => random.below(vocab)),
    );
    const start = performance.now();
    scope(() => {
      const loss = autocast(dtype, () => causal.loss(model, causal.batch(examples, device)));
      backward(loss);
    });
    optimizer.step(1e-4, clipGradNorm(parameters, 1).scale);
    model.zeroGrad();
    native().synchronize(device);
    return (performance.now() - start) / 1000;
  });
  optimizer.dispose();
  return seconds;
}

/** The matrix products of one step. Each x·W brings two more of its size in the backward pass. */
export function stepProducts(
  model: Model,
  { batch, seq }: { batch: number; seq: number },
): { shape: ProductShape; count: number }[] {
  const tokens = batch * seq;
  const linear = (inside: number, outside: number): ProductShape[] => [
    { m: tokens, k: inside, n: outside, transposed: true }, // y = x Wᵀ
    { m: tokens, k: outside, n: inside }, // dx = dy W
    { m: outside, k: tokens, n: inside }, // dW = dyᵀ x
  ];
  const attention = (pairs: number, dim: number): ProductShape[] => {
    const scores = { batch: pairs, m: seq, k: dim, n: seq, transposed: true }; // q kᵀ, dp
    const mixed = { batch: pairs, m: seq, k: seq, n: dim }; // p v, dq, dk, dv
    return [scores, scores, mixed, mixed, mixed, mixed];
  };
  const counts = new Map<string, number>();
  for (const [, part] of model.namedModules()) {
    const shapes =
      part instanceof Linear
        ? linear(part.inFeatures, part.outFeatures)
        : part instanceof Attention
          ? attention(batch * part.heads, part.headDim)
          : part instanceof LMHead && !part.projection
            ? linear(part.options.hidden, part.options.vocabSize)
            : [];
    for (const shape of shapes) {
      const key = JSON.stringify(shape);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].map(([key, count]) => ({ shape: JSON.parse(key) as ProductShape, count }));
}
