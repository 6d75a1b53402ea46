/** Vectors of questions: embeddings of the model, or weights of their words; of length 1, so that products are cosines. */
import { usageError } from '../../support/errors.ts';
import type { Completer } from '../completer.ts';
import { bm25 } from './bm25.ts';

/** @throws UserError where embeddings are asked of a model that has none */
export async function vectorsOf(
  texts: readonly string[],
  by: 'bm25' | 'embeddings',
  completer?: Completer,
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  if (by === 'embeddings') {
    if (!completer?.embed) {
      throw usageError(
        'TSLM_NOT_ABLE',
        `${completer?.name ?? 'the model'} makes no vectors of texts`,
        'set `by: bm25`',
      );
    }
    return (await completer.embed(texts, signal)).map(unit);
  }
  const index = bm25(texts);
  const maps = texts.map(index.vector);
  const terms = new Map([...new Set(maps.flatMap(map => [...map.keys()]))].map((term, i) => [term, i]));
  return maps.map(map => {
    const vector = new Float64Array(terms.size);
    for (const [term, weight] of map) vector[terms.get(term)!] = weight;
    return unit(vector);
  });
}

function unit(vector: ArrayLike<number>): Float64Array {
  const own = Float64Array.from(vector);
  const length = Math.hypot(...own) || 1;
  return own.map(value => value / length);
}

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
