/** What benchmarks of inference share: a random model, random prompts, timed steps and the figures that come of them. */
import { createModel } from '../models/auto.ts';
import { inferenceDtype } from '../models/load-for-inference.ts';
import type { Model } from '../models/model.ts';
import { packForInference } from '../models/pack-for-inference.ts';
import { requireCausal } from '../objectives/causal.ts';
import { createRandom } from '../support/random.ts';
import { type Device, type DType, memoryStats, resetPeakMemory } from '../torch/index.ts';
import { native } from '../torch/native.ts';
import type { Peer } from './python-peer.ts';
import { type PeerFigures, peerFigures, type SideBySide, sideBySide } from './side-by-side.ts';

export interface InferenceOptions {
  family: string;
  layers: number;
  hidden: number;
  heads: number;
  vocab: number;
  /** Sequences in a batch. */
  batch: number;
  /** Element type of the weights; `int8`: of linear maps. */
  dtype: DType;
  device?: Device;
  /** Prompts, or texts, that are timed, after one that is not; default 5. */
  steps?: number;
  /** The same in plain PyTorch, whose steps take turns with ours. */
  peer?: Peer;
}

export interface InferenceThroughput {
  parameters: number;
  threads: number;
  /** Of all sequences together. */
  tokensPerSecond: number;
  /** Largest resident set of the process until the last step. */
  peakMemoryBytes: number;
  /** Largest total of live tensors on the CPU. */
  peakTensorBytes: number;
  ceilingTokensPerSecond: number;
  ceilingRatio: number;
  peer?: PeerFigures;
}

/** With random weights. */
export function inferenceModel(options: InferenceOptions, context: number): Model {
  const { family, vocab, dtype, device } = options;
  const model = createModel(family, { ...options, context, vocabSize: vocab }, { seed: 1 });
  requireCausal(model, 'bench');
  model.to({ device }).eval();
  if (dtype === 'int8') packForInference(model, 'int8'); // of floats
  model.to({ dtype: dtype === 'int8' ? inferenceDtype(model) : dtype });
  packForInference(model);
  return model;
}

export function randomPrompts({ batch, vocab }: InferenceOptions, length: number): Uint32Array[] {
  const random = createRandom(1);
  return Array.from({ length: batch }, () => Uint32Array.from({ length }, () => random.below(vocab)));
}

/** Timing with the peak of this model's tensors. */
export async function timed(
  { steps = 5, peer, device }: InferenceOptions,
  step: () => number,
): Promise<SideBySide & { peakTensorBytes: number }> {
  resetPeakMemory(device);
  const timing = await sideBySide(step, { steps, peer });
  return { ...timing, peakTensorBytes: memoryStats(device).peakBytes };
}

/** What every measurement reports, for steps of n tokens. */
export function figures(
  model: Model,
  timing: SideBySide & { peakTensorBytes: number },
  { tokens, ceilingSeconds }: { tokens: number; ceilingSeconds: number },
): InferenceThroughput {
  return {
    parameters: model.parameterCount(),
    threads: native().threads(),
    tokensPerSecond: tokens / timing.seconds,
    peakMemoryBytes: timing.peakMemoryBytes,
    peakTensorBytes: timing.peakTensorBytes,
    ceilingTokensPerSecond: tokens / ceilingSeconds,
    ceilingRatio: ceilingSeconds / timing.seconds,
    peer: peerFigures(timing, tokens),
  };
}
