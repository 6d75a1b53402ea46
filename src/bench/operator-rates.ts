/**
 * How fast operators run. The fused ones stand beside libtorch's composition of the same, forward and backward, and
 * beside the time that memory needs for what they read and write; products beside the rate of a large product; and the
 * smallest calls show what a call itself costs.
 */

import type { DType } from '../torch/dtype.ts';
import { withSeed } from '../torch/generator.ts';
import { scope } from '../torch/scope.ts';
import { type CallTime, callTimes } from './call-times.ts';
import { activationTimes, type FusedTime, type OperatorSizes, updateTimes } from './fused-times.ts';
import { matmulRate, productFlops, productSeconds } from './matmul-rate.ts';
import { memoryRate } from './memory-rate.ts';

export interface OperatorRate {
  name: string;
  dtype: DType;
  seconds: number;
  /** Of libtorch's own composition, for fused operators. */
  referenceSeconds?: number;
  /** Memory read and written at least, and how fast. */
  bytes?: number;
  bytesPerSecond?: number;
  /** Multiplications and additions of products, and how fast. */
  flops?: number;
  flopsPerSecond?: number;
  ceilingSeconds: number;
  ceilingRatio: number;
}

export interface OperatorRates {
  calls: CallTime[];
  operators: OperatorRate[];
  /** Bytes a second: the ceiling of operators. */
  memoryRate: number;
  /** Floating-point operations a second: the ceiling of products. */
  matmulRate: { float32: number; bfloat16: number };
}

const DTYPES = ['float32', 'bfloat16'] as const;

export function operatorRates(options: OperatorSizes): OperatorRates {
  const { seconds } = options;
  const rates = {
    memoryRate: memoryRate({ seconds }),
    matmulRate: { float32: matmulRate('float32', { seconds }), bfloat16: matmulRate('bfloat16', { seconds }) },
  };
  return withSeed(1, () =>
    scope(() => ({
      calls: callTimes(seconds),
      operators: [
        ...DTYPES.flatMap(dtype => products(options, dtype, rates.matmulRate[dtype])),
        ...DTYPES.flatMap(dtype => activationTimes(options, dtype)).map(row => atMemory(row, rates.memoryRate)),
        ...updateTimes(options).map(row => atMemory(row, rates.memoryRate)),
      ],
      ...rates,
    })),
  );
}

/** The products of a feed-forward layer and of an output layer. */
function products({ tokens, width, vocab, seconds }: OperatorSizes, dtype: DType, rate: number): OperatorRate[] {
  return [4 * width, vocab].map(n => {
    const shape = { m: tokens, k: width, n, transposed: true };
    const flops = productFlops(shape);
    const measured = productSeconds(shape, { dtype, seconds });
    return {
      name: `product ${tokens} × ${width} × ${n}`,
      dtype,
      seconds: measured,
      flops,
      flopsPerSecond: flops / measured,
      ceilingSeconds: flops / rate,
      ceilingRatio: flops / rate / measured,
    };
  });
}

const atMemory = (row: FusedTime, rate: number): OperatorRate => ({
  ...row,
  bytesPerSecond: row.bytes / row.seconds,
  ceilingSeconds: row.bytes / rate,
  ceilingRatio: row.bytes / rate / row.seconds,
});
