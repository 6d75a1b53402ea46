/**
 * What recomputation of activations saves in memory and costs in time: the same steps of a GPT-2 (forward and backward)
 * with it and without. A block's products run four times instead of three, so 4/3 is the least that it can cost.
 *
 *   npm run bench && node build/bench/bench/recompute.js
 */
import { createModel } from '../src/models/auto.ts';
import { recomputeBlocks } from '../src/models/recompute.ts';
import { backward, manualSeed, memoryStats, randint, resetPeakMemory, scope } from '../src/torch/index.ts';

const sizes = { layers: 12, hidden: 256, heads: 4, context: 256, vocabSize: 2048 };
const [BATCH, STEPS] = [4, 5];

function measure(isRecomputed: boolean) {
  manualSeed(1);
  using model = createModel('gpt2', sizes, { seed: 1, dropout: 0.1 }).train();
  recomputeBlocks(model, isRecomputed);
  const before = memoryStats().liveBytes;
  resetPeakMemory();
  const seconds = Array.from({ length: STEPS + 1 }, () => {
    const start = performance.now();
    scope(() => {
      const inputIds = randint(0, sizes.vocabSize, [BATCH, sizes.context], { dtype: 'int64' });
      backward(model.forward({ inputIds, labels: inputIds }).loss!);
    });
    model.zeroGrad();
    return (performance.now() - start) / 1000;
  });
  const [, ...timed] = seconds;
  return { megabytes: (memoryStats().peakBytes - before) / 2 ** 20, seconds: Math.min(...timed) };
}

const plain = measure(false);
const recomputed = measure(true);
console.log(JSON.stringify({ sizes, batch: BATCH, plain, recomputed }, null, 2));
console.log(`memory × ${(recomputed.megabytes / plain.megabytes).toFixed(2)}`);
console.log(`time × ${(recomputed.seconds / plain.seconds).toFixed(2)}, at least ${(4 / 3).toFixed(2)} in the blocks`);
