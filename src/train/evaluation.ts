/** What is measured beside training. The first one's metric says which model is the best. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dataset } from '../data/rows/dataset.ts';
import type { AnyObjective } from '../objectives/objective.ts';
import { usageError } from '../support/errors.ts';
import { nearest } from '../support/nearest.ts';
import { randomFor } from '../support/random.ts';
import { autocast, type Device, type DType, inferenceMode, scope } from '../torch/index.ts';
import type { Trainable } from './trainable.ts';

export interface Estimate {
  value: number;
  /** Predictions that the value is a mean of. */
  count: number;
}

/** Means of an evaluation by term. */
export type Estimates = Record<string, Estimate>;

export interface Evaluation {
  readonly name: string;
  /** Of the results, the one that decides. */
  readonly metric: string;
  readonly better: 'lower' | 'higher';
  /** @returns undefined when the signal stopped it */
  run(trainable: Trainable, signal?: AbortSignal): Promise<Estimates | undefined>;
}

/** Whether `value` is better than the best so far. */
export const isBetter = ({ better }: Pick<Evaluation, 'better'>, value: number, best: number | undefined): boolean =>
  best === undefined || (better === 'lower' ? value < best : value > best);

/** Less is better of losses, the terms that have a weight; more of the other terms, which say how much was right. */
const betterOf = ({ weights }: AnyObjective, metric: string): Evaluation['better'] =>
  metric === 'loss' || metric in weights ? 'lower' : 'higher';

/**
 * Says before the training, not in its middle, that evaluations will not have a metric.
 *
 * @param where the key of the recipe
 * @throws UserError that names those they will have
 */
export function requireMetric(
  { objective, data, seed, device }: Pick<HeldOutOptions, 'objective' | 'data' | 'seed' | 'device'>,
  metric: string,
  where: string,
): void {
  if (metric === 'loss') return;
  const example = objective.example(data.row(0), randomFor(seed, -1, 0));
  const terms = scope(() => Object.keys(objective.counts(objective.batch([example], device))));
  if (terms.includes(metric)) return;
  const known = ['loss', ...terms];
  const guess = nearest(metric, known);
  throw usageError(
    'TSLM_NO_METRIC',
    `'${where}': evaluations of the objective '${objective.name}' have no '${metric}'`,
    `${guess === undefined ? '' : `did you mean '${guess}'? `}they have ${known.join(', ')}`,
  );
}

export interface HeldOutOptions {
  objective: AnyObjective;
  // biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
  data: Dataset<any>;
  batchSize: number;
  dtype: DType;
  device: Device;
  /** Of what is random in examples, which are the same ones each time. */
  seed: number;
  /** What decides: `loss` or a term of the objective. Default `loss`. */
  metric?: string;
  /** Throws when data that has just been read is not what it was. */
  checkData?: () => void;
  /** Gives examples answers that the model writes, for objectives that explore. */
  explore?: (examples: readonly unknown[]) => Promise<unknown[]>;
}

/** The objective's own terms on rows that are not trained on; `loss` is their weighted sum. */
export function heldOut({
  objective,
  data,
  batchSize,
  dtype,
  device,
  seed,
  metric = 'loss',
  checkData,
  explore,
}: HeldOutOptions): Evaluation {
  const examplesAt = (start: number): unknown[] => {
    const length = Math.min(batchSize, data.length - start);
    const example = (index: number) => objective.example(data.row(index), randomFor(seed, -1, index));
    return Array.from({ length }, (_, i) => example(start + i));
  };
  return {
    name: 'held-out',
    metric,
    better: betterOf(objective, metric),
    async run(trainable, signal) {
      const { model, run } = trainable;
      const sums = new Map<string, Estimate>();
      trainable.eval();
      try {
        for (let start = 0; start < data.length; start += batchSize) {
          if (signal?.aborted) return undefined;
          const examples = explore ? await explore(examplesAt(start)) : examplesAt(start);
          scope(() => {
            const batch = objective.batch(examples, device);
            const counts = objective.counts(batch);
            const means = inferenceMode(() => run(() => autocast(dtype, () => objective.means(model, batch))));
            for (const [term, mean] of Object.entries(means)) {
              if (!counts[term]) continue;
              const sum = sums.get(term) ?? { value: 0, count: 0 };
              sums.set(term, { value: sum.value + mean.item() * counts[term], count: sum.count + counts[term] });
            }
          });
          await nextTurn();
        }
        checkData?.();
        return estimatesOf(sums, objective);
      } finally {
        trainable.train();
      }
    },
  };
}

/**
 * An evaluation with more measured beside it; what decides stays the first one's.
 *
 * @param also runs with dropout off
 */
export const withAlso = (
  evaluation: Evaluation,
  also: (signal?: AbortSignal) => Promise<Estimates | undefined>,
): Evaluation => ({
  ...evaluation,
  async run(trainable, signal) {
    const estimates = await evaluation.run(trainable, signal);
    if (!estimates) return undefined;
    trainable.eval();
    try {
      const more = await also(signal);
      return more && { ...estimates, ...more };
    } finally {
      trainable.train();
    }
  },
});

/** Terms that only ratios are made of are left out. */
function estimatesOf(
  sums: ReadonlyMap<string, Estimate>,
  { weights, ratios = {} }: Pick<AnyObjective, 'weights' | 'ratios'>,
): Estimates {
  const total = (factors: Readonly<Record<string, number>>): number =>
    Object.entries(factors).reduce((sum, [term, factor]) => sum + factor * (sums.get(term)?.value ?? 0), 0);
  const made = Object.entries(ratios).map(([name, { above, below }]) => {
    const count = Math.max(0, ...Object.keys(below).map(term => sums.get(term)?.count ?? 0));
    const value = total(below) === 0 ? 0 : total(above) / total(below);
    return [name, { value, count }] as const;
  });
  const inRatios = new Set(Object.values(ratios).flatMap(({ above, below }) => Object.keys({ ...above, ...below })));
  const shown = [...sums].filter(([term]) => term in weights || !inRatios.has(term));
  const terms = shown.map(([term, { value, count }]) => [term, { value: value / count, count }] as const);
  const weighted = terms.filter(([term]) => term in weights);
  const value = weighted.reduce((sum, [term, mean]) => sum + weights[term] * mean.value, 0);
  const count = Math.max(0, ...weighted.map(([, mean]) => mean.count));
  return { ...Object.fromEntries([...terms, ...made]), loss: { value: count > 0 ? value : Number.NaN, count } };
}
