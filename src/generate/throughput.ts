/**
 * The speed of inference beside what this machine could do. Reading a prompt can be no faster than its matrix products
 * alone; a decoded token no faster than memory gives the weights and the cached keys and values, each read once.
 */

import { createModel } from '../models/auto.ts';
import type { Decoder } from '../models/decoder.ts';
import { LMHead } from '../models/heads/lm.ts';
import type { Model } from '../models/model.ts';
import { forwardProducts } from '../models/products.ts';
import { Attention, Embedding } from '../nn/index.ts';
import { requireCausal } from '../objectives/causal.ts';
import type { Peer } from '../support/python-peer.ts';
import { createRandom } from '../support/random.ts';
import { type PeerFigures, peerFigures, type SideBySide, sideBySide } from '../support/side-by-side.ts';
import { type Device, type DType, dtypeInfo, memoryStats, resetPeakMemory } from '../torch/index.ts';
import { countProducts, productsAlone } from '../torch/matmul-rate.ts';
import { memoryRate } from '../torch/memory-rate.ts';
import { native } from '../torch/native.ts';
import { decoderStepper } from './decoder-stepper.ts';
import { generate } from './generate.ts';
import { resolveGenerationConfig } from './generation-config.ts';

export interface InferenceOptions {
  family: string;
  layers: number;
  hidden: number;
  heads: number;
  vocab: number;
  /** Sequences in a batch. */
  batch: number;
  /** Element type of the weights. */
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

export interface PrefillThroughput extends InferenceThroughput {
  /** Of one prompt, or of the batch: median. */
  seconds: number;
  /** Of the products, in the step and alone. */
  gflopsPerSecond: number;
  ceilingGflopsPerSecond: number;
}

export interface DecodeThroughput extends InferenceThroughput {
  /** Of one token of every sequence: median over the texts. */
  millisecondsPerToken: number;
  /** What a step reads: weights, and keys and values at the mean length. */
  weightBytes: number;
  cacheBytes: number;
  /** As measured here: bytes a second. */
  memoryRate: number;
}

/** Reading prompts of `seq` tokens into a key–value cache, up to the logits of the last position. */
export async function prefillThroughput(options: InferenceOptions & { seq: number }): Promise<PrefillThroughput> {
  const { batch, seq, dtype, device = 'cpu' } = options;
  using model = inferenceModel(options, seq);
  const prompts = randomPrompts(options, seq);
  const timing = await timed(options, () => {
    using stepper = decoderStepper(model, { capacity: seq });
    const start = performance.now();
    stepper.step(prompts); // the logits come to JavaScript, so nothing is still running
    return (performance.now() - start) / 1000;
  });
  const products = countProducts(forwardProducts(model, { batch, seq, logitsToKeep: 1 }));
  const alone = productsAlone(products, { dtype, device });
  return {
    ...figures(model, timing, { tokens: batch * seq, ceilingSeconds: alone.seconds }),
    seconds: timing.seconds,
    gflopsPerSecond: alone.flops / timing.seconds / 1e9,
    ceilingGflopsPerSecond: alone.flops / alone.seconds / 1e9,
  };
}

/** Greedy decoding of `tokens` tokens after prompts of `prompt` tokens; the first, which the prompt gives, is not timed. */
export async function decodeThroughput(
  options: InferenceOptions & { prompt: number; tokens: number },
): Promise<DecodeThroughput> {
  const { batch, prompt, tokens, dtype, device = 'cpu' } = options;
  using model = inferenceModel(options, prompt + tokens);
  const prompts = randomPrompts(options, prompt);
  const config = resolveGenerationConfig({ maxNewTokens: tokens, doSample: false });
  const timing = await timed(options, () => {
    const steps = generate(model, prompts, config);
    steps.next();
    const start = performance.now();
    for (const _ of steps);
    return (performance.now() - start) / 1000;
  });
  const weightBytes = weightBytesRead(model);
  const cacheBytes = batch * (prompt + tokens / 2) * cacheBytesPerPosition(model, dtype);
  const rate = memoryRate({ device });
  const steps = tokens - 1;
  return {
    ...figures(model, timing, {
      tokens: batch * steps,
      ceilingSeconds: (steps * (weightBytes + cacheBytes)) / rate,
    }),
    millisecondsPerToken: (1000 * timing.seconds) / steps,
    weightBytes,
    cacheBytes,
    memoryRate: rate,
  };
}

function inferenceModel(options: InferenceOptions, context: number): Model {
  const { family, vocab, dtype, device } = options;
  const model = createModel(family, { ...options, context, vocabSize: vocab }, { seed: 1 });
  requireCausal(model, 'bench');
  return model.to({ dtype, device }).eval();
}

function randomPrompts({ batch, vocab }: InferenceOptions, length: number): Uint32Array[] {
  const random = createRandom(1);
  return Array.from({ length: batch }, () => Uint32Array.from({ length }, () => random.below(vocab)));
}

/** Timing with the peak of this model's tensors. */
async function timed(
  { steps = 5, peer }: InferenceOptions,
  step: () => number,
): Promise<SideBySide & { peakTensorBytes: number }> {
  resetPeakMemory();
  const timing = await sideBySide(step, { steps, peer });
  return { ...timing, peakTensorBytes: memoryStats().peakBytes };
}

function figures(
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

/** Bytes of the weights that a step reads all of: of tables only the one that is the output layer, too. */
export function weightBytesRead(model: Model): number {
  const bytesOf = (parameters: { nbytes: number }[]): number => parameters.reduce((sum, { nbytes }) => sum + nbytes, 0);
  const tables = Array.from(model.namedModules()).flatMap(([, part]) => (part instanceof Embedding ? part.weight : []));
  const isTied = model.head instanceof LMHead && !model.head.projection;
  const output = isTied ? [(model.backbone as Decoder).embeddings.word.weight] : [];
  return bytesOf(model.parameters()) - bytesOf([...new Set(tables)]) + bytesOf(output);
}

function cacheBytesPerPosition(model: Model, dtype: DType): number {
  const widths = Array.from(model.namedModules()).map(([, part]) =>
    part instanceof Attention ? part.kvHeads * part.headDim : 0,
  );
  return 2 * dtypeInfo(dtype).size * widths.reduce((sum, width) => sum + width, 0);
}
