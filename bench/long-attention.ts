/**
 * The kinds of attention whose cost grows with time beside full attention, from 512 to 16,384 tokens, 8 heads of 64:
 * milliseconds and peak memory, forward alone and with gradients, and for the forward pass the part of the machine's
 * ceiling, the rate of a large matrix product, that the matrix products in it reach.
 *
 *     npm run bench && node build/bench/bench/long-attention.js [LONGEST] [float32 | bfloat16]
 */
import { freemem } from 'node:os';
import { matmulRate } from '../src/bench/matmul-rate.ts';
import {
  blockSparseAttention,
  isBlockSparse,
  orthogonalFeatures,
  performerAttention,
  slidingWindowAttention,
} from '../src/nn/sparse/index.ts';
import { formatBytes } from '../src/support/format.ts';
import {
  cat,
  type DType,
  grad,
  inferenceMode,
  manualSeed,
  memoryStats,
  ones,
  randn,
  resetPeakMemory,
  scope,
  type Tensor,
  zeros,
} from '../src/torch/index.ts';
import { native } from '../src/torch/native.ts';

const [heads, dim] = [8, 64];
const longest = Number(process.argv[2] ?? 16384);
const dtype = (process.argv[3] ?? 'float32') as DType;
const elementBytes = dtype === 'float32' ? 4 : 2;
const [window, blockSize, randomBlocks, features, chunk] = [256, 64, 3, 256, 128];

interface Kind {
  name: string;
  attend: (query: Tensor, key: Tensor, value: Tensor) => Tensor;
  /** Multiplications and additions in its matrix products for one token of one head. */
  flops: (time: number) => number;
  /** Why it cannot run at a length, if so. */
  refusal?: (time: number, withGradients: boolean) => string | undefined;
}

const scoresAndContext = (keys: number): number => 2 * 2 * keys * dim;

const kinds: Kind[] = [
  {
    name: 'full',
    attend: (q, k, v) =>
      q
        .mul(dim ** -0.5)
        .matmul(k.transpose(-1, -2))
        .softmax(-1)
        .matmul(v),
    flops: scoresAndContext,
    refusal(time, withGradients) {
      const needed = (withGradients ? 3 : 2) * heads * time ** 2 * elementBytes;
      return needed > 0.6 * freemem() ? `needs ${formatBytes(needed)}` : undefined;
    },
  },
  {
    name: 'Longformer, 256 on each side, 1 global',
    attend(q, k, v) {
      const globalMask = cat([ones([1, 1], { dtype: 'int64' }), zeros([1, q.size(2) - 1], { dtype: 'int64' })], 1);
      return slidingWindowAttention(q, k, v, { window, globalMask }).context;
    },
    flops: () => scoresAndContext(2 * window + 2),
  },
  ...[false, true].map(training => ({
    name: `BigBird, blocks of 64, 3 random${training ? ', training' : ''}`,
    attend: (q: Tensor, k: Tensor, v: Tensor) =>
      blockSparseAttention(q, k, v, { blockSize, randomBlocks, training }).context,
    flops: (time: number) =>
      scoresAndContext(blockSize * (training ? 5 + randomBlocks : 5)) + (2 * blockSize * scoresAndContext(time)) / time,
    refusal: (time: number) =>
      isBlockSparse(time, { blockSize, randomBlocks }) ? undefined : 'too short: full attention',
  })),
  ...[false, true].map(causal => {
    const projection = orthogonalFeatures(features, dim, 1);
    const sums = 2 * 2 * features * (dim + 1);
    return {
      name: `Performer, 256 features${causal ? ', causal' : ''}`,
      attend: (q: Tensor, k: Tensor, v: Tensor) => performerAttention(q, k, v, { projection, causal }),
      flops: () => 2 * 2 * dim * features + sums + (causal ? 2 * chunk * (features + dim + 1) : 0),
    };
  }),
];

/** The fastest of at least two runs in a second, and the most memory of one. */
function measure(body: () => unknown): { seconds: number; bytes: number } {
  let seconds = Number.POSITIVE_INFINITY;
  const before = memoryStats().liveBytes;
  resetPeakMemory();
  const end = performance.now() + 1000;
  for (let run = 0; run < 2 || performance.now() < end; run++) {
    const start = performance.now();
    scope(() => {
      body(); // not returned, so that its memory is there for the next run
    });
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return { seconds, bytes: memoryStats().peakBytes - before };
}

function cells(kind: Kind, inputs: Tensor[], withGradients: boolean): string {
  const time = inputs[0].size(2);
  const refusal = kind.refusal?.(time, withGradients);
  if (refusal) return refusal.padStart(32);
  const attend = (): Tensor => kind.attend(inputs[0], inputs[1], inputs[2]);
  const { seconds, bytes } = withGradients
    ? measure(() => {
        const result = attend();
        grad(result, inputs, { gradients: [ones(result.shape, { dtype })] });
      })
    : measure(() => inferenceMode(attend));
  const part = (kind.flops(time) * time * heads) / seconds / ceiling;
  const columns = [(seconds * 1000).toFixed(1), formatBytes(bytes), withGradients ? '' : `${(100 * part).toFixed(0)}%`];
  return columns.map((column, i) => column.padStart([12, 12, 8][i])).join('');
}

const ceiling = matmulRate(dtype);
console.log(
  `${native().threads()} threads, ${dtype}; ceiling: ${(ceiling / 1e9).toFixed(0)} GFLOP/s (product of 1024 × 1024)\n`,
);
console.log(
  `${''.padEnd(42)}${'forward ms'.padStart(12)}${'memory'.padStart(12)}${'ceiling'.padStart(8)}` +
    `${'+ gradients'.padStart(12)}${'memory'.padStart(12)}`,
);
for (let time = 512; time <= longest; time *= 2) {
  console.log(`${time} tokens`);
  for (const kind of kinds) {
    scope(() => {
      manualSeed(1);
      const inputs = [0, 1, 2].map(() => randn([1, heads, time, dim]).to(dtype));
      for (const input of inputs) input.requiresGrad = true;
      console.log(`  ${kind.name.padEnd(40)}${cells(kind, inputs, false)}${cells(kind, inputs, true)}`.trimEnd());
    });
  }
}
