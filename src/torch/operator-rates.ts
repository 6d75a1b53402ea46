/**
 * How fast operators run. The fused ones stand beside libtorch's composition of the same, forward and backward, and
 * beside the time that memory needs for what they read and write; products beside the rate of a large product; and the
 * smallest calls show what a call itself costs.
 */
import { backward, grad, noGrad } from './autograd.ts';
import { type DType, dtypeInfo } from './dtype.ts';
import { fastestRun } from './fastest-run.ts';
import { withSeed } from './generator.ts';
import { adamWUpdate, causalSoftmax, crossEntropy, geluTanh, gradNorm, layerNorm, reference } from './kernels.ts';
import { matmulRate, productFlops, productSeconds } from './matmul-rate.ts';
import { memoryRate } from './memory-rate.ts';
import { ones, randint, randn } from './ops.ts';
import { scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

export interface OperatorRateOptions {
  /** Rows of the activations. */
  tokens: number;
  /** Columns of the activations; a multiple of 64. */
  width: number;
  vocab: number;
  /** How long each is measured; default 0.2. */
  seconds?: number;
}

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
  /** Seconds of calls on 4 elements, or 2 × 2, the memory of the result included. */
  calls: { name: string; seconds: number }[];
  operators: OperatorRate[];
  /** Bytes a second: the ceiling of operators. */
  memoryRate: number;
  /** Floating-point operations a second: the ceiling of products. */
  matmulRate: { float32: number; bfloat16: number };
}

const DTYPES = ['float32', 'bfloat16'] as const;
const HEAD = 64;
const TIME = 256;

export function operatorRates(options: OperatorRateOptions): OperatorRates {
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
        ...DTYPES.flatMap(dtype => activations(options, dtype)).map(row => atMemory(row, rates.memoryRate)),
        ...updates(options).map(row => atMemory(row, rates.memoryRate)),
      ],
      ...rates,
    })),
  );
}

const CALLS = 1000;

function callTimes(seconds?: number): OperatorRates['calls'] {
  const [x, y, matrix] = [randn([4]), randn([4]), randn([2, 2])];
  const leaf = randn([4]);
  leaf.requiresGrad = true;
  const calls: Record<string, () => unknown> = {
    add: () => x.add(y),
    add_: () => x.add_(y),
    sum: () => x.sum(),
    view: () => x.view([2, 2]),
    matmul: () => matrix.matmul(matrix),
    'add, gradients on': () => leaf.add(y),
    'sum and backward': () => backward(leaf.sum()),
  };
  return Object.entries(calls).map(([name, call]) => {
    const many = (): void => {
      for (let i = 0; i < CALLS; i++) call();
    };
    return { name, seconds: fastestRun(many, { seconds }) / CALLS };
  });
}

/** The products of a feed-forward layer and of an output layer. */
function products({ tokens, width, vocab, seconds }: OperatorRateOptions, dtype: DType, rate: number): OperatorRate[] {
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

interface Measured {
  name: string;
  dtype: DType;
  seconds: number;
  referenceSeconds: number;
  bytes: number;
}

const atMemory = (row: Measured, rate: number): OperatorRate => ({
  ...row,
  bytesPerSecond: row.bytes / row.seconds,
  ceilingSeconds: row.bytes / rate,
  ceilingRatio: row.bytes / rate / row.seconds,
});

function activations(options: OperatorRateOptions, dtype: DType): Measured[] {
  const { tokens, width, vocab, seconds } = options;
  const time = Math.min(TIME, tokens);
  const targets = randint(0, vocab, [tokens], { dtype: 'int64' });
  const [weight, bias] = [randn([width]), randn([width])];
  type Operation = (x: Tensor) => Tensor;
  const rows: [name: string, input: () => Tensor, fused: Operation, plain: Operation][] = [
    [
      'cross-entropy',
      () => randn([tokens, vocab]).to(dtype),
      x => crossEntropy(x, targets),
      x => reference.crossEntropy(x, targets),
    ],
    ['gelu', () => randn([tokens, 4 * width]).to(dtype), geluTanh, reference.geluTanh],
    [
      'causal softmax',
      () => randn([Math.ceil(tokens / time), Math.max(1, width / HEAD), time, time]).to(dtype),
      x => causalSoftmax(x, HEAD ** -0.5),
      x => reference.causalSoftmax(x, HEAD ** -0.5),
    ],
    [
      'layer norm',
      () => randn([tokens, width]),
      x => layerNorm(x, weight, bias, 1e-5, dtype),
      x => reference.layerNorm(x, weight, bias, 1e-5, dtype),
    ],
  ];
  return rows.flatMap(([name, input, fused, plain]) =>
    scope(() => {
      const x = input();
      const leaf = x.detach();
      leaf.requiresGrad = true;
      const alone = (operation: Operation): number => fastestRun(() => noGrad(() => operation(x)), { seconds });
      const both = (operation: Operation): number =>
        fastestRun(
          () => {
            const result = operation(leaf);
            grad(result, [leaf], { gradients: [ones(result.shape, { dtype: result.dtype })] });
          },
          { seconds },
        );
      const [read, written] = [x.nbytes, scope(() => noGrad(() => fused(x)).nbytes)];
      return [
        { name, dtype, seconds: alone(fused), referenceSeconds: alone(plain), bytes: read + written },
        {
          name: `${name} with gradient`, // which reads input and gradient again and writes one
          dtype,
          seconds: both(fused),
          referenceSeconds: both(plain),
          bytes: 3 * read + 2 * written,
        },
      ];
    }),
  );
}

/** The optimizer on a table and 24 matrices. */
function updates({ width, vocab, seconds }: OperatorRateOptions): Measured[] {
  const shapes = [[vocab, width], ...Array.from({ length: 24 }, () => [4 * width, width])];
  const [parameters, gradients, means, squares] = [0, 1, 2, 3].map(() => shapes.map(shape => randn(shape).square()));
  const settings = { lr: 1e-4, betas: [0.9, 0.95] as const, eps: 1e-8, step: 7, gradScale: 0.5 };
  const update = { parameters, gradients, means, squares, weightDecay: shapes.map(() => 0.1), ...settings };
  const size = shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0) * dtypeInfo('float32').size;
  const compare = (name: string, bytes: number, fused: () => unknown, plain: () => unknown): Measured => ({
    name,
    dtype: 'float32',
    seconds: fastestRun(() => noGrad(fused), { seconds }),
    referenceSeconds: fastestRun(() => noGrad(plain), { seconds }),
    bytes,
  });
  return [
    compare(
      'AdamW',
      7 * size,
      () => adamWUpdate(update),
      () => reference.adamWUpdate(update),
    ),
    compare(
      'gradient norm',
      size,
      () => gradNorm(gradients),
      () => reference.gradNorm(gradients),
    ),
  ];
}
