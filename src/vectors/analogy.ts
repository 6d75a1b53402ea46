/**
 * "a is to b as c is to ?": 3CosAdd, the word nearest to b − a + c (Mikolov et al. 2013), and 3CosMul, the word that maximises
 * cos(b)·cos(c) / cos(a) (Levy & Goldberg 2014), with cosines brought into [0, 1]. Vectors have unit length, and the three words
 * are no answers.
 */
import { type Scored, topOf } from './top.ts';
import { dot, unit, type WordVectors } from './word-vectors.ts';

/** 3CosAdd and 3CosMul (Levy & Goldberg 2014). */
export const ANALOGY_METHODS = ['add', 'mul'] as const;
/** The name of an analogy method. */
export type AnalogyMethod = (typeof ANALOGY_METHODS)[number];

/** Keeps 3CosMul from dividing by zero. */
const EPSILON = 0.001;

export const mulScore = (a: number, b: number, c: number): number =>
  (((1 + b) / 2) * ((1 + c) / 2)) / ((1 + a) / 2 + EPSILON);

/** The length of b − a + c, given the cosines between the three. */
export const offsetLength = (ab: number, ac: number, bc: number): number =>
  Math.sqrt(Math.max(0, 3 - 2 * ab - 2 * ac + 2 * bc));

/**
 * @param options.method default `add`
 * @param options.top how many answers; default 10
 * @throws UserError for a word without a vector
 */
export function analogy(
  vectors: WordVectors,
  [a, b, c]: readonly [string, string, string],
  { method = 'add', top = 10 }: { method?: AnalogyMethod; top?: number } = {},
): Scored[] {
  const [x, y, z] = [a, b, c].map(word => unit(vectors.requireVector(word)));
  const [cosA, cosB, cosC] = [x, y, z].map(vector => vectors.cosines(vector));
  const length = offsetLength(dot(x, y), dot(x, z), dot(y, z)) || 1;
  const scores =
    method === 'add'
      ? cosA.map((cos, i) => (cosB[i] - cos + cosC[i]) / length)
      : cosA.map((cos, i) => mulScore(cos, cosB[i], cosC[i]));
  const given = [a, b, c].map(word => vectors.indexOf(word));
  return topOf(vectors.words, scores, top, given);
}
