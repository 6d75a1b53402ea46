/** How fast linear maps with weights in eight bits are here, whose inputs are rounded as they come. */
import { int8Linear, quantizeInt8 } from '../nn/weights/int8.ts';
import { fastestRun } from '../torch/fastest-run.ts';
import { dispose, inferenceMode, randn, scope, withSeed } from '../torch/index.ts';

/** Operations a second of x Wᵀ, x [rows, inner] in float32 and W [outer, inner]. */
export function int8Rate({ rows = 2048, inner = 384, outer = 512, seconds = 0.2 } = {}): number {
  return scope(() =>
    inferenceMode(() => {
      const [x, given] = withSeed(0, () => [randn([rows, inner]), randn([outer, inner])]);
      const weight = quantizeInt8(given);
      try {
        return (2 * rows * inner * outer) / fastestRun(() => int8Linear(x, weight), { device: 'cpu', seconds });
      } finally {
        dispose(weight.data);
      }
    }),
  );
}
