/** The matrix products in a decoder's forward pass: the work that no implementation of it can leave out. */

import { LMHead } from '../models/heads/lm.ts';
import type { Model } from '../models/model.ts';
import { Attention, Linear } from '../nn/index.ts';
import type { ProductShape } from './matmul-rate.ts';

/**
 * @param options.seq tokens of each sequence
 * @param options.logitsToKeep positions that get logits; default all
 */
export function forwardProducts(
  model: Model,
  { batch, seq, logitsToKeep = seq }: { batch: number; seq: number; logitsToKeep?: number },
): ProductShape[] {
  const linear = (positions: number, inside: number, outside: number): ProductShape => ({
    m: batch * positions,
    k: inside,
    n: outside,
    transposed: true, // y = x Wᵀ
  });
  return Array.from(model.namedModules()).flatMap(([path, part]) => {
    if (part instanceof Linear) {
      const positions = path.startsWith('head.') ? logitsToKeep : seq;
      return [linear(positions, part.inFeatures, part.outFeatures)];
    }
    if (part instanceof LMHead && !part.projection) {
      return [linear(logitsToKeep, part.options.hidden, part.options.vocabSize)];
    }
    if (!(part instanceof Attention)) return [];
    const pairs = batch * part.heads;
    return [
      { batch: pairs, m: seq, k: part.headDim, n: seq, transposed: true }, // q kᵀ
      { batch: pairs, m: seq, k: seq, n: part.headDim }, // p v
    ];
  });
}

/** What a product of A [m, k] and B brings in the backward pass: dA = dY Bᵀ and dB = Aᵀ dY. */
export function gradientProducts({ m, k, n, transposed = false, ...rest }: ProductShape): ProductShape[] {
  return transposed
    ? [
        { ...rest, m, k: n, n: k },
        { ...rest, m: n, k: m, n: k }, // of B as it is stored: dBᵀ = dYᵀ A
      ]
    : [
        { ...rest, m, k: n, n: k, transposed: true },
        { ...rest, m: k, k: m, n },
      ];
}
