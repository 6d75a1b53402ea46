/** Models that are used and not trained: weights laid out once in the order in which products read them. */
import { Linear, type Module } from '../nn/index.ts';
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
  const isPacked = packLinears(model);
  const table = model.head instanceof LMHead ? model.head.tied : undefined;
  if (table && isPackable(table.weight)) scope(() => table.pack());
  return isPacked;
}

/** The same for whatever linear maps a module has. */
export function packLinears(module: Module): boolean {
  let isPacked = false;
  for (const [, part] of module.namedModules()) {
    if (!(part instanceof Linear) || !isPackable(part.weight)) continue;
    scope(() => part.pack());
    isPacked = true;
  }
  return isPacked;
}

const isPackable = ({ dtype, device }: { dtype: string; device: string }): boolean =>
  hasProducts() && dtype === 'bfloat16' && device === 'cpu';
