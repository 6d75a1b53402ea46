/** What a step of a run costs: its time, and the memory that it takes, by doing a few. */
import { freemem } from 'node:os';
import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import { randomFor } from '../../support/random.ts';
import { memoryStats, resetPeakMemory } from '../../torch/index.ts';
import { trainLoop } from '../../train/loop.ts';
import { computeDtype } from '../../train/precision.ts';
import { createSampler, type Sampler } from '../../train/sampler.ts';
import type { Recipe } from '../recipe-schema.ts';
import { assemble } from '../run-parts.ts';
import type { RunSource } from '../run-source.ts';
import { startingPoint } from '../starting-point.ts';

export interface Cost {
  secondsPerStep: number;
  /** Most bytes of tensors at once. */
  bytes: number;
}

/** Weights, gradients and AdamW's two moments, in float32. */
const BYTES_OF_WEIGHT = 16;
/** Of a weight below an adapter: in float32, or in four bits with the scales of its block. */
const BYTES_BELOW = 4;
const BYTES_QUANTIZED = 0.6;
/** What the rest of the process, and of the machine, may want meanwhile. */
const SHARE_OF_FREE = 0.9;
const STEPS = 5;

/**
 * @param parameters of the model, which is not loaded where they alone are too many
 * @throws UserError when the weights alone, or a step with its longest rows, take more memory than there is
 */
export async function measureSteps(recipe: Recipe, source: RunSource, parameters: number): Promise<Cost> {
  const { batchSize } = recipe.train;
  const free = freemem() * SHARE_OF_FREE;
  const before = memoryStats().liveBytes;
  const requireRoom = (bytes: number): void => {
    if (bytes > free) throw tooLarge(bytes, free, batchSize);
  };
  const { adapter } = recipe;
  const isQuantized = adapter !== undefined && 'quantize' in adapter && adapter.quantize !== undefined;
  requireRoom(parameters * (adapter === undefined ? BYTES_OF_WEIGHT : isQuantized ? BYTES_QUANTIZED : BYTES_BELOW));
  resetPeakMemory();
  const { trainable, objective, data, optimizer } = assemble(recipe, source, startingPoint(recipe, source));
  try {
    const seconds: number[] = [];
    // One row alone first, then as many of the longest as a step has: what these take is what the run takes.
    const longest = longestRows(data.length, recipe.train.batchSize, index =>
      objective.lengthOf(objective.example(data.row(index), randomFor(recipe.seed, 0, index))),
    );
    const shown = [longest.slice(0, 1), longest];
    const sampler: Sampler = {
      ...createSampler({ length: data.length, seed: recipe.seed, batchSize }),
      batch: step =>
        (shown[step] ?? longest.map((_, i) => (step * batchSize + i) % data.length)).map(index => ({
          index,
          epoch: 0,
        })),
    };
    await trainLoop({
      trainable,
      objective,
      data,
      sampler,
      seed: recipe.seed,
      optimizer,
      schedule: () => 0,
      startStep: 0,
      steps: STEPS,
      gradientAccumulation: 1,
      clipGradNorm: recipe.train.clipGradNorm,
      dtype: computeDtype(recipe.train),
      device: recipe.train.device,
      evaluations: [],
      hooks: {
        onStep({ seconds: taken }) {
          seconds.push(taken);
          const { liveBytes, peakBytes } = memoryStats();
          const ofRow = seconds.length === 1 ? peakBytes - liveBytes : 0;
          requireRoom(peakBytes - before + ofRow * (batchSize - 1));
        },
      },
    });
    return { secondsPerStep: Math.min(...seconds.slice(2)), bytes: memoryStats().peakBytes };
  } finally {
    optimizer.dispose();
    trainable.dispose();
  }
}

/** Rows that are measured to find long ones; of more, evenly chosen ones. */
const LOOKED_AT = 2000;

function longestRows(length: number, count: number, lengthOf: (index: number) => number): number[] {
  const looked = Math.min(length, LOOKED_AT);
  return Array.from({ length: looked }, (_, i) => Math.floor((i * length) / looked))
    .map(index => ({ index, tokens: lengthOf(index) }))
    .sort((a, b) => b.tokens - a.tokens)
    .slice(0, count)
    .map(({ index }) => index);
}

function tooLarge(bytes: number, free: number, batchSize: number): UserError {
  const fitting = Math.min(batchSize >> 1, 2 ** Math.floor(Math.log2((batchSize * free) / bytes)));
  return new UserError(
    'TSLM_NO_MEMORY',
    `this training takes ${formatBytes(bytes)}, and ${formatBytes(free)} are free`,
    {
      hint:
        fitting >= 1
          ? `--batch-size ${fitting} may fit; an adapter in place of all weights takes less (docs/ADAPTERS.md)`
          : 'take a smaller model, or an adapter in place of all weights (docs/ADAPTERS.md)',
    },
  );
}
