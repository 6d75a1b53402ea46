/**
 * The speed of training beside what this machine could do: the same model's matrix products, forward and backward, are
 * timed alone in the same process. Their time is the ceiling: no training step can be faster than its products.
 */

import { createModel } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import { causal, requireCausal } from '../objectives/causal.ts';
import { createRandom } from '../support/random.ts';
import { autocast, backward, type Device, type DType, memoryStats, resetPeakMemory, scope } from '../torch/index.ts';
import { native } from '../torch/native.ts';
import { adamW, clipGradNorm } from '../train/optimizers/adamw.ts';
import type { Optimizer } from '../train/optimizers/optimizer.ts';
import { countProducts, productsAlone } from './matmul-rate.ts';
import { forwardProducts, gradientProducts } from './model-products.ts';
import type { Peer } from './python-peer.ts';
import { type PeerFigures, peerFigures, sideBySide } from './side-by-side.ts';

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
  /** Steps that are timed, after one that is not; default 5. */
  steps?: number;
  /** The same training in plain PyTorch, whose steps take turns with ours. */
  peer?: Peer;
}

export interface Throughput {
  parameters: number;
  threads: number;
  tokensPerSecond: number;
  /** Median over the timed steps. */
  stepSeconds: number;
  /** Largest resident set of the process until the last step. */
  peakMemoryBytes: number;
  /** Largest total of live tensors on the device. */
  peakTensorBytes: number;
  /** What the matrix products alone would allow. */
  ceilingTokensPerSecond: number;
  ceilingRatio: number;
  /** Of the products, in the step and alone. */
  gflopsPerSecond: number;
  ceilingGflopsPerSecond: number;
  peer?: PeerFigures;
}

export async function trainThroughput(options: ThroughputOptions): Promise<Throughput> {
  const { dtype, device = 'cpu', steps = 5, batch, seq, vocab, peer } = options;
  using model = createModel(options.family, { ...options, context: seq, vocabSize: vocab }, { seed: 1 });
  requireCausal(model, 'bench');
  model.to({ device });
  const optimizer = adamW([...model.namedParameters()]);
  resetPeakMemory(device);
  const timing = await sideBySide(trainingStep(model, optimizer, { dtype, device, batch, seq, vocab }), {
    steps,
    peer,
  });
  const { peakBytes } = memoryStats(device);
  optimizer.dispose();
  model.zeroGrad();

  const forward = forwardProducts(model, { batch, seq });
  const alone = productsAlone(countProducts([...forward, ...forward.flatMap(gradientProducts)]), { dtype, device });
  const tokens = batch * seq;
  return {
    parameters: model.parameterCount(),
    threads: native().threads(),
    tokensPerSecond: tokens / timing.seconds,
    stepSeconds: timing.seconds,
    peakMemoryBytes: timing.peakMemoryBytes,
    peakTensorBytes: peakBytes,
    ceilingTokensPerSecond: tokens / alone.seconds,
    ceilingRatio: alone.seconds / timing.seconds,
    gflopsPerSecond: alone.flops / timing.seconds / 1e9,
    ceilingGflopsPerSecond: alone.flops / alone.seconds / 1e9,
    peer: peerFigures(timing, tokens),
  };
}

/** A function that does a training step on random tokens, batch to update, and returns its seconds. */
export function trainingStep(
  model: Model,
  optimizer: Optimizer,
  {
    dtype,
    device,
    batch,
    seq,
    vocab,
  }: Pick<ThroughputOptions, 'dtype' | 'batch' | 'seq' | 'vocab'> & { device: Device },
): () => number {
  const parameters = model.parameters();
  const random = createRandom(1);
  const objective = causal({ context: seq });
  model.train();
  return () => {
    const examples = Array.from({ length: batch }, () =>
      objective.example({ ids: Uint32Array.from({ length: seq + 1 }, () => random.below(vocab)), starts: [] }, random),
    );
    const start = performance.now();
    scope(() => {
      const { words } = autocast(dtype, () => objective.means(model, objective.batch(examples, device)));
      backward(words);
    });
    optimizer.step(1e-4, clipGradNorm(parameters, 1).scale);
    model.zeroGrad();
    native().synchronize(device);
    return (performance.now() - start) / 1000;
  };
}
