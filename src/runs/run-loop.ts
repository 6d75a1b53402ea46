/** What the loop of a run is made of besides its parts: which rows make up batches, and the names of what is measured. */
import { randomFor } from '../support/random.ts';
import type { Estimates } from '../train/evaluation.ts';
import { createSampler, createTokenSampler, type Sampler } from '../train/sampler.ts';
import type { TrainProgress } from './checkpoints.ts';
import type { RunParts } from './run-parts.ts';

/** Which rows make up each batch, from where the run is. */
export function samplerFor({
  recipe,
  objective,
  data,
  progress,
}: Pick<RunParts, 'recipe' | 'objective' | 'data'> & { progress: TrainProgress }): Sampler {
  const { seed, train } = recipe;
  const from = { step: progress.step, drawn: progress.drawn };
  const options = { seed, parts: train.gradientAccumulation, from };
  const updates = objective.explores?.options.numIterations ?? 1;
  if (updates > 1) {
    // What is drawn for an update is what its answers were written to.
    const first = { step: Math.ceil(from.step / updates), drawn: from.drawn };
    return repeated(
      createSampler({ ...options, from: first, length: data.length, batchSize: train.batchSize }),
      updates,
    );
  }
  if (train.batchTokens === undefined) {
    return createSampler({ ...options, length: data.length, batchSize: train.batchSize });
  }
  const lengths = Uint32Array.from({ length: data.length }, (_, index) =>
    objective.lengthOf(objective.example(data.row(index), randomFor(seed, 0, index))),
  );
  return createTokenSampler({ ...options, lengths, batchTokens: train.batchTokens });
}

/** The same rows for several steps. */
const repeated = (sampler: Sampler, times: number): Sampler => ({
  batch: (step, part) => sampler.batch(Math.floor(step / times), part),
  drawnBefore: step => sampler.drawnBefore(Math.ceil(step / times)),
  stepsPerEpoch: sampler.stepsPerEpoch * times,
  stepsOfEpochs: epochs => sampler.stepsOfEpochs(epochs) * times,
});

/** `evalLoss`, and `evalAccuracy` and the like of an objective with metrics besides. */
export function namedEstimates(estimates: Estimates): Record<string, number> {
  const { loss, ...others } = estimates;
  const terms = Object.entries(others).filter(([, { value }]) => value !== loss.value);
  const named = terms.map(([term, { value }]) => [`eval${term[0].toUpperCase()}${term.slice(1)}`, value]);
  return { evalLoss: loss.value, ...Object.fromEntries(named) };
}
