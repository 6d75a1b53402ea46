/**
 * In which element type this processor trains faster. Instructions for bfloat16 alone do not say, nor do the rates of products:
 * what goes with them (scores, activations, copies of weights) is another share of the time in each type.
 */
import { backward, enableGrad, inferenceMode } from './autograd.ts';
import type { DType } from './dtype.ts';
import { fastestRun } from './fastest-run.ts';
import { geluTanh, layerNorm } from './kernels.ts';
import { arange, ones } from './ops.ts';
import { attentionProduct, feedForward, hasProducts, linearProduct, reference } from './products.ts';
import { scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

/** A linear map of a small model over a batch: rows, inner and outer dimension. */
const [ROWS, INNER, OUTER] = [2048, 384, 512];
/** A block of a small model: sequences, tokens of each, width, heads. */
const [BATCH, TIME, HIDDEN, HEADS] = [2, 128, 256, 4];
/** Turns that the two types take; the fastest of each counts, since other programs only make a run slower. */
const TURNS = { least: 2, most: 5, seconds: 0.2 };

let faster: DType | undefined;

/**
 * `bfloat16` or `float32`, by a Transformer block's forward and backward pass in each, measured once a process in some
 * 0.2 s; `float32` where there are no products of ours.
 */
export function fasterDtype(): DType {
  if (!hasProducts()) return 'float32';
  faster ??= scope(() => {
    const block = testBlock();
    const best = { float32: Number.POSITIVE_INFINITY, bfloat16: Number.POSITIVE_INFINITY };
    const end = performance.now() + 1000 * TURNS.seconds;
    for (let turn = 0; turn < TURNS.most && (turn < TURNS.least || performance.now() < end); turn++) {
      for (const dtype of ['float32', 'bfloat16'] as const) {
        const start = performance.now();
        scope(() => enableGrad(() => block(dtype)));
        best[dtype] = Math.min(best[dtype], performance.now() - start);
      }
    }
    return best.bfloat16 < best.float32 ? 'bfloat16' : 'float32';
  });
  return faster;
}

/** A function that goes forward and backward through a pre-norm Transformer block, with products in `dtype`. */
function testBlock(): (dtype: 'float32' | 'bfloat16') => void {
  const x = numbers(BATCH * TIME, HIDDEN).view([BATCH, TIME, HIDDEN]);
  const gain = ones([HIDDEN]);
  const weights = [3, 1, 4].map(times => numbers(times * HIDDEN, HIDDEN).div(HIDDEN));
  const down = numbers(HIDDEN, 4 * HIDDEN).div(HIDDEN);
  for (const parameter of [gain, ...weights, down]) parameter.requiresGrad = true;
  const [qkv, out, up] = weights;
  return dtype => {
    const isWide = dtype === 'float32';
    const linear = isWide ? reference.linear : linearProduct;
    const norm = (y: Tensor): Tensor => layerNorm(y, gain, undefined, 1e-5, dtype);
    const heads = linear(norm(x), qkv)
      .view([BATCH, TIME, 3, HEADS, HIDDEN / HEADS])
      .permute([2, 0, 3, 1, 4]);
    const [query, key, value] = heads.unbind() as [Tensor, Tensor, Tensor];
    const scale = (HIDDEN / HEADS) ** -0.5;
    const context = attentionProduct(query, key, value, { scale, causal: true });
    const attended = linear(context.transpose(1, 2).reshape([BATCH, TIME, HIDDEN]), out, { residual: x });
    const y = isWide
      ? linear(geluTanh(linear(norm(attended), up)), down, { residual: attended })
      : feedForward(norm(attended), { input: up, output: down }, 'gelu_tanh', attended);
    backward(y.sum());
    for (const parameter of [gain, ...weights, down]) parameter.grad = undefined;
  };
}

/** Floating-point operations a second in the linear maps of models, on the CPU. */
export function productRate(dtype: DType): number {
  return scope(() =>
    inferenceMode(() => {
      const x = numbers(ROWS, INNER).to(dtype);
      const weight = numbers(OUTER, INNER);
      const product = dtype === 'bfloat16' && hasProducts() ? linearProduct : reference.linear;
      return (2 * ROWS * INNER * OUTER) / fastestRun(() => product(x, weight), { device: 'cpu', seconds: 0.02 });
    }),
  );
}

/** Not drawn: measuring must not move the random generator of a run. Not zeros, which some processors multiply faster. */
const numbers = (rows: number, columns: number): Tensor =>
  arange(0, rows * columns)
    .remainder(13)
    .sub(6)
    .div(8)
    .to('float32')
    .view([rows, columns]);
