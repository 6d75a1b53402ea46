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
/** What the rest of the process, and of the machine, may want meanwhile. */
const SHARE_OF_FREE = 0.9;
const STEPS = 3;

/**
 * @throws UserError when the weights alone, or a step with its longest rows, take more memory than there is
 */
export async function measureSteps(recipe: Recipe, source: RunSource): Promise<Cost> {
  const parts = assemble(recipe, source, startingPoint(recipe, source));
  const { trainable, objective, data, optimizer } = parts;
  try {
    requireRoom(trainable.namedParameters().reduce((sum, [, { numel }]) => sum + numel, 0) * BYTES_OF_WEIGHT, recipe);
    resetPeakMemory();
    const before = memoryStats().liveBytes;
    const seconds: number[] = [];
    // The longest rows first: what they take is what the run takes.
    const longest = longestRows(data.length, recipe.train.batchSize, index =>
      objective.lengthOf(objective.example(data.row(index), randomFor(recipe.seed, 0, index))),
    );
    const sampler: Sampler = {
      ...createSampler({ length: data.length, seed: recipe.seed, batchSize: recipe.train.batchSize }),
      batch: step =>
        longest.map((index, i) => ({
          index: step === 0 ? index : (step * recipe.train.batchSize + i) % data.length,
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
      hooks: { onStep: metrics => void seconds.push(metrics.seconds) },
    });
    const bytes = memoryStats().peakBytes;
    requireRoom(bytes - before, recipe);
    return { secondsPerStep: Math.min(...seconds.slice(1)), bytes };
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

function requireRoom(bytes: number, { train }: Recipe): void {
  const free = freemem() * SHARE_OF_FREE;
  if (bytes <= free) return;
  const { batchSize } = train;
  const fitting = Math.max(1, 2 ** Math.floor(Math.log2((batchSize * free) / bytes)));
  throw new UserError(
    'TSLM_NO_MEMORY',
    `this training takes ${formatBytes(bytes)}, and ${formatBytes(free)} are free`,
    {
      hint:
        batchSize > 1
          ? `--batch-size ${Math.min(fitting, batchSize >> 1)} may fit; an adapter in place of all weights takes less`
          : 'take a smaller model, or an adapter in place of all weights',
      exitCode: 1,
    },
  );
}
