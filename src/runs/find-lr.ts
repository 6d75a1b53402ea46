/** The learning-rate range test (`src/train/lr-range.ts`) of a recipe: its model, rows and optimizer, with another schedule. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError, usageError } from '../support/errors.ts';
import { manualSeed, requireDevice } from '../torch/index.ts';
import { trainLoop } from '../train/loop.ts';
import { exponential, type LrRange, type LrRangeOptions, lrRangeTest } from '../train/lr-range.ts';
import { computeDtype } from '../train/precision.ts';
import { noProgress } from './checkpoints.ts';
import type { Recipe } from './recipe-schema.ts';
import { withReference } from './reference.ts';
import { samplerFor } from './run-loop.ts';
import { assemble } from './run-parts.ts';
import { openSource } from './run-source.ts';
import { startingPoint } from './starting-point.ts';
import { vectorsFor } from './word-vectors.ts';

export interface FindLrOptions extends LrRangeOptions {
  /** Ends the test after the pass in progress; what it has measured by then is the result. */
  signal?: AbortSignal;
  onStep?: (step: number, steps: number) => void;
}

/**
 * Trains for some steps with a rate that grows, and keeps nothing of it.
 *
 * @throws UserError when the recipe cannot be trained, when its model writes what it learns from, or when the signal came before there was a result
 */
export async function findLr(recipe: Recipe, { signal, onStep, ...range }: FindLrOptions = {}): Promise<LrRange> {
  requireDevice(recipe.train.device);
  const steps = range.steps ?? 100;
  const source = await openSource(recipe);
  const vectors = await vectorsFor(recipe);
  manualSeed(recipe.seed);
  const assembled = assemble(recipe, source, startingPoint(recipe, source, vectors));
  const folder = mkdtempSync(join(tmpdir(), 'tslm-lr-'));
  try {
    if (assembled.objective.explores) {
      throw usageError(
        'TSLM_NOT_SUPPORTED',
        `the objective '${recipe.objective.name}' learns from rewards, and its loss does not say how well`,
        'try rates with `tslm sweep`',
      );
    }
    const parts = await withReference(assembled, { folder, signal });
    const test = lrRangeTest();
    if (parts !== undefined) await runTest({ ...parts, recipe }, { test, range, steps, signal, onStep });
    const found = test.result();
    if (found) return found;
    throw new UserError('TSLM_STOPPED', 'the test ended before there was a result', { hint: 'let it run to its end' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    assembled.optimizer.dispose();
    assembled.trainable.dispose();
  }
}

async function runTest(
  parts: ReturnType<typeof assemble>,
  {
    test,
    range,
    steps,
    signal,
    onStep,
  }: { test: ReturnType<typeof lrRangeTest>; range: LrRangeOptions; steps: number } & Pick<
    FindLrOptions,
    'signal' | 'onStep'
  >,
): Promise<void> {
  const { recipe, trainable, objective, data, optimizer } = parts;
  try {
    await trainLoop({
      trainable,
      objective,
      data,
      sampler: samplerFor({ ...parts, progress: noProgress() }),
      seed: recipe.seed,
      optimizer,
      schedule: exponential(range),
      startStep: 0,
      steps,
      gradientAccumulation: recipe.train.gradientAccumulation,
      clipGradNorm: recipe.train.clipGradNorm,
      dtype: computeDtype(recipe.train),
      device: recipe.train.device,
      evaluations: [],
      hooks: {
        onStep({ step, lr, loss }) {
          test.add({ lr, loss });
          onStep?.(step, steps);
        },
        isEnough: test.isOver,
      },
      signal,
    });
  } catch (error) {
    // A loss that is no number is where the test was to go.
    if (!(error instanceof UserError && error.code === 'TSLM_DIVERGED')) throw error;
  }
}
