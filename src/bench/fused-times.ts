/** The fused operators beside libtorch's composition of the same. */
import { grad, noGrad } from '../torch/autograd.ts';
import { type DType, dtypeInfo } from '../torch/dtype.ts';
import { fastestRun } from '../torch/fastest-run.ts';
import {
  adamWUpdate,
  causalSoftmax,
  crossEntropy,
  geluTanh,
  gradNorm,
  layerNorm,
  reference,
} from '../torch/kernels.ts';
import { ones, randint, randn } from '../torch/ops.ts';
import { scope } from '../torch/scope.ts';
import type { Tensor } from '../torch/tensor.ts';

export interface OperatorSizes {
  /** Rows of the activations. */
  tokens: number;
  /** Columns of the activations; a multiple of 64. */
  width: number;
  vocab: number;
  /** How long each is measured; default 0.2. */
  seconds?: number;
}

export interface FusedTime {
  name: string;
  dtype: DType;
  seconds: number;
  /** Of libtorch's own composition. */
  referenceSeconds: number;
  /** Memory read and written at least. */
  bytes: number;
}

const HEAD = 64;
const TIME = 256;

/** Forward, and with the gradient. */
export function activationTimes(options: OperatorSizes, dtype: DType): FusedTime[] {
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
export function updateTimes({ width, vocab, seconds }: OperatorSizes): FusedTime[] {
  const shapes = [[vocab, width], ...Array.from({ length: 24 }, () => [4 * width, width])];
  const [parameters, gradients, means, squares] = [0, 1, 2, 3].map(() => shapes.map(shape => randn(shape).square()));
  const settings = { lr: 1e-4, betas: [0.9, 0.95] as const, eps: 1e-8, step: 7, gradScale: 0.5 };
  const update = { parameters, gradients, means, squares, weightDecay: shapes.map(() => 0.1), ...settings };
  const size = shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0) * dtypeInfo('float32').size;
  const compare = (name: string, bytes: number, fused: () => unknown, plain: () => unknown): FusedTime => ({
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
