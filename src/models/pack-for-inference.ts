/** Models that are used and not trained: weights laid out once in the order in which products read them. */
import { Linear } from '../nn/index.ts';
import { scope } from '../torch/index.ts';
import { hasProducts } from '../torch/products.ts';
import { LMHead } from './heads/lm.ts';
import type { Model } from './model.ts';

/**
 * Packs the weights of linear maps that are in bfloat16 and on the CPU, where the processor has products for them; the others
 * stay as they are. The model can do all that it could, but be trained, moved and saved.
 *
 * @returns whether anything was packed
 */
export function packForInference(model: Model): boolean {
  if (!hasProducts()) return false;
  let isPacked = false;
  const isPackable = ({ dtype, device }: { dtype: string; device: string }): boolean =>
    dtype === 'bfloat16' && device === 'cpu';
  for (const [, part] of model.namedModules()) {
    if (part instanceof Linear && isPackable(part.weight)) {
      scope(() => part.pack());
      isPacked = true;
    }
  }
  const table = model.head instanceof LMHead ? model.head.tied : undefined;
  if (table && isPackable(table.weight)) scope(() => table.pack());
  return isPacked;
}
