/**
 * Whose judgements pull against everybody else's: the gradient of each person's lessons beside the trimmed mean of the others'
 * (Yin et al. 2018, arXiv:1803.01498). To first order that product is what a person's lessons do to what the others ask for (Koh &
 * Liang 2017; Pruthi et al. 2020).
 */
import { tCritical } from '../../evaluate/statistics/distributions.ts';
import { mean, meanError } from '../../evaluate/statistics/means.ts';
import type { AnyObjective } from '../../objectives/objective.ts';
import { createRandom } from '../../support/random.ts';
import { backward, dispose, keep, scope } from '../../torch/index.ts';
import type { Trainable } from '../../train/trainable.ts';
import type { Tagged } from './mixed.ts';

export interface Influence {
  user: string;
  lessons: number;
  /** Cosine with the trimmed mean of the others, −1 to 1. */
  influence: number;
  /** Surely below 0, by a one-sided test of 5 % over parts of the person's lessons. */
  pullsAway: boolean;
}

export interface InfluenceOptions {
  /** Lessons of a person that are looked at. Default 16. */
  most?: number;
  /** Numbers of the gradient that are compared, drawn at random. Default 20,000. */
  coordinates?: number;
  /** Share of the people that is left out on both ends of each number. Default 0.2. */
  trim?: number;
  seed?: number;
}

/** With fewer people than this nobody can be told from the others. */
export const LEAST_USERS = 4;

/** @returns nothing with too few people */
export function influences(
  trainable: Trainable,
  objective: AnyObjective,
  byUser: ReadonlyMap<string, readonly Tagged[]>,
  { most = 16, coordinates = 20_000, trim = 0.2, seed = 0 }: InfluenceOptions = {},
): Influence[] {
  if (byUser.size < LEAST_USERS) return [];
  const users = [...byUser];
  trainable.eval();
  const parts = users.map(([, examples]) => {
    const looked = examples.slice(-most);
    const count = Math.min(PARTS, looked.length);
    return Array.from({ length: count }, (_, part) =>
      unit(
        gradientOf(
          trainable,
          objective,
          looked.filter((_, i) => i % count === part),
          coordinates,
          seed,
        ),
      ),
    );
  });
  const gradients = parts.map(own => unit(trimmedMean(own, 0)));
  return users.map(([user, { length }], i) => {
    const others = unit(
      trimmedMean(
        gradients.filter((_, j) => j !== i),
        trim,
      ),
    );
    const cosines = parts[i].map(part => dot(part, others));
    const influence = mean(cosines);
    const bound =
      cosines.length < LEAST_PARTS ? 1 : influence + tCritical(0.1, cosines.length - 1) * meanError(cosines);
    return { user, lessons: length, influence, pullsAway: bound < 0 };
  });
}

/** Parts of a person's lessons: whether they agree says how sure one may be. */
const PARTS = 6;
const LEAST_PARTS = 3;

/** Some numbers of it, the same ones for everybody. */
function gradientOf(
  trainable: Trainable,
  objective: AnyObjective,
  examples: readonly Tagged[],
  coordinates: number,
  seed: number,
): Float64Array {
  const { model } = trainable;
  trainable.zeroGrad();
  scope(() => {
    const batch = keep(objective.batch(examples, model.device));
    try {
      const means = trainable.run(() => objective.means(model, batch));
      const weighted = Object.entries(means).flatMap(([term, mean]) =>
        objective.weights[term] ? [mean.mul(objective.weights[term])] : [],
      );
      trainable.run(() => backward(weighted.reduce((a, b) => a.add(b))));
    } finally {
      dispose(batch);
    }
  });
  const parameters = trainable.namedParameters();
  const values = scope(() =>
    parameters.flatMap(([, { grad, shape }]) =>
      grad ? Array.from(grad.flatten().toNumbers()) : new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0),
    ),
  );
  trainable.zeroGrad();
  if (values.length <= coordinates) return Float64Array.from(values);
  const random = createRandom(seed);
  return Float64Array.from({ length: coordinates }, () => values[random.below(values.length)]);
}

/** Of each coordinate, without the largest and the smallest. */
export function trimmedMean(vectors: readonly Float64Array[], trim: number): Float64Array {
  const cut = Math.floor(vectors.length * trim);
  const column = new Float64Array(vectors.length);
  return Float64Array.from({ length: vectors[0].length }, (_, i) => {
    for (const [j, vector] of vectors.entries()) column[j] = vector[i];
    column.sort();
    let sum = 0;
    for (let j = cut; j < column.length - cut; j++) sum += column[j];
    return sum / (column.length - 2 * cut);
  });
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

function unit(vector: Float64Array): Float64Array {
  const norm = Math.sqrt(dot(vector, vector));
  return norm === 0 ? vector : vector.map(value => value / norm);
}
