/**
 * One update of a GPT-2's weights by each optimizer: what it keeps, what it needs on its way, and its time beside the
 * machine's ceiling, a copy of as many bytes as it has to read and write (weights, gradients and what it keeps).
 *
 *   npm run bench && node build/bench/bench/optimizers.js
 */
import { createModel } from '../src/models/auto.ts';
import { dispose, memoryStats, randn, resetPeakMemory, scope, zerosLike } from '../src/torch/index.ts';
import { adafactor } from '../src/train/optimizers/adafactor.ts';
import { adamW } from '../src/train/optimizers/adamw.ts';
import { lion } from '../src/train/optimizers/lion.ts';
import { muon } from '../src/train/optimizers/muon.ts';
import type { NamedParameters, Optimizer } from '../src/train/optimizers/optimizer.ts';
import { sgd } from '../src/train/optimizers/sgd.ts';

const STEPS = 25;
const sizes = { layers: 6, hidden: 384, heads: 6, context: 256, vocabSize: 8192 };
const optimizers: Record<string, (named: NamedParameters) => Optimizer> = {
  adamw: adamW,
  muon,
  adafactor,
  lion,
  sgd: named => sgd(named, { momentum: 0.9 }),
};

function fastest(body: () => void): number {
  const seconds = Array.from({ length: STEPS }, () => {
    const start = performance.now();
    body();
    return (performance.now() - start) / 1000;
  });
  return Math.min(...seconds);
}

using model = createModel('gpt2', sizes, { seed: 1 });
const named = [...model.namedParameters()];
for (const [, parameter] of named) scope(() => (parameter.grad = randn(parameter.shape).mul(1e-3)));
const bytes = named.reduce((sum, [, parameter]) => sum + parameter.nbytes, 0);
const copies = named.map(([, parameter]) => [parameter.detach(), zerosLike(parameter.detach())] as const);
const copySeconds = fastest(() => {
  for (const [from, to] of copies) to.copy_(from);
});
dispose(copies);
console.log(
  `${(bytes / 2 ** 20).toFixed(0)} MB of weights; copied at ${((2 * bytes) / copySeconds / 1e9).toFixed(1)} GB/s`,
);

for (const [name, create] of Object.entries(optimizers)) {
  const optimizer = create(named);
  optimizer.step(1e-4);
  const kept = [...optimizer.state().values()].reduce((sum, { nbytes }) => sum + nbytes, 0);
  const before = memoryStats().liveBytes;
  resetPeakMemory();
  const seconds = fastest(() => optimizer.step(1e-4));
  const onTheWay = memoryStats().peakBytes - before;
  // Read and written: weights and what is kept; read: gradients. A copy reads and writes.
  const ceiling = copySeconds * (1.5 + kept / bytes);
  const row = [
    name.padEnd(10),
    `keeps ${(kept / bytes).toFixed(3)} of the weights`,
    `needs ${(onTheWay / 2 ** 20).toFixed(1)} MB more`,
    `${(seconds * 1000).toFixed(1)} ms`,
    `${(ceiling / seconds).toFixed(2)} of a copy's speed`,
  ];
  console.log(row.join('  '));
  optimizer.dispose();
}
