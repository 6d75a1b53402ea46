/**
 * The fused operators beside libtorch's own composition of the same, forward and backward, with the machine's ceiling:
 * the time that copying the operator's inputs and results takes at the rate of a plain copy of memory.
 *
 *     npm run bench && node build/bench/bench/ops.js [TOKENS] [WIDTH] [VOCABULARY]
 */
import { grad, manualSeed, noGrad, ones, randint, randn, scope, type Tensor, zeros } from '../src/torch/index.ts';
import {
  adamWUpdate,
  causalSoftmax,
  crossEntropy,
  geluTanh,
  gradNorm,
  layerNorm,
  reference,
} from '../src/torch/kernels.ts';
import { native } from '../src/torch/native.ts';

const [tokens = 4096, width = 384, vocabulary = 8192] = process.argv.slice(2).map(Number);
const dim = 64;
const time = 256;
const heads = width / dim;
const batch = tokens / time;

/** Milliseconds of the fastest run in half a second, at least three. */
function fastest(body: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 500;
  for (let run = 0; run < 3 || performance.now() < end; run++) {
    const start = performance.now();
    scope(() => {
      body(); // not returned, so that its memory is there for the next run
    });
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

let copyRate = 0;

function report(name: string, fused: number, plain: number, bytes: number): void {
  const ceiling = bytes / 2 / copyRate;
  const cells = [fused, plain, plain / fused, ceiling, ceiling / fused].map((x, i) =>
    x.toFixed(2).padStart(i < 2 ? 10 : 8),
  );
  console.log(`${name.padEnd(34)}${cells.join('')}`);
}

/** Times an operator alone and with its gradient, which reads input and gradient again and writes one. */
function compare(name: string, input: Tensor, fused: (x: Tensor) => Tensor, plain: (x: Tensor) => Tensor): void {
  const forward = (operation: (x: Tensor) => Tensor): number => fastest(() => noGrad(() => operation(input)));
  const leaf = input.detach();
  leaf.requiresGrad = true;
  const both = (operation: (x: Tensor) => Tensor): number =>
    fastest(() => {
      const result = operation(leaf);
      grad(result, [leaf], { gradients: [ones(result.shape, { dtype: result.dtype })] });
    });
  const [read, written] = [input.nbytes, noGrad(() => fused(input)).nbytes];
  report(name, forward(fused), forward(plain), read + written);
  report(`${name}, with gradient`, both(fused), both(plain), 3 * read + 2 * written);
}

scope(() => {
  manualSeed(1);
  const [from, to] = [zeros([1 << 24]), zeros([1 << 24])];
  copyRate = from.nbytes / fastest(() => to.copy_(from));
  console.log(`${native().threads()} threads, copies at ${((2 * copyRate) / 1e6).toFixed(1)} GB/s read and written\n`);
  console.log(`${''.padEnd(34)}  fused ms libtorch   ratio ceiling  of it`);

  for (const dtype of ['float32', 'bfloat16'] as const) {
    const logits = randn([tokens, vocabulary]).to(dtype);
    const targets = randint(0, vocabulary, [tokens], { dtype: 'int64' });
    compare(
      `cross-entropy ${dtype}`,
      logits,
      x => crossEntropy(x, targets),
      x => reference.crossEntropy(x, targets),
    );
    compare(`gelu ${dtype}`, randn([tokens, 4 * width]).to(dtype), geluTanh, reference.geluTanh);
    const scores = randn([batch, heads, time, time]).to(dtype);
    compare(
      `causal softmax ${dtype}`,
      scores,
      x => causalSoftmax(x, 0.125),
      x => reference.causalSoftmax(x, 0.125),
    );
    const [weight, bias] = [randn([width]), randn([width])];
    const norm =
      (of: typeof layerNorm) =>
      (x: Tensor): Tensor =>
        of(x, weight, bias, 1e-5, dtype);
    compare(`layer norm to ${dtype}`, randn([tokens, width]), norm(layerNorm), norm(reference.layerNorm));
  }

  const shapes = [[vocabulary, width], ...Array.from({ length: 24 }, () => [4 * width, width])];
  const [parameters, gradients, means, squares] = [0, 1, 2, 3].map(() => shapes.map(shape => randn(shape).square()));
  const settings = { lr: 1e-4, betas: [0.9, 0.95] as const, eps: 1e-8, step: 7, gradScale: 0.5 };
  const update = { parameters, gradients, means, squares, weightDecay: shapes.map(() => 0.1), ...settings };
  const bytes = parameters.reduce((sum, { nbytes }) => sum + nbytes, 0);
  const [fused, plain] = [adamWUpdate, reference.adamWUpdate].map(of => fastest(() => of(update)));
  report('AdamW', fused, plain, 7 * bytes);
  const [fusedNorm, plainNorm] = [gradNorm, reference.gradNorm].map(of => fastest(() => of(gradients)));
  report('gradient norm', fusedNorm, plainNorm, bytes);
});
