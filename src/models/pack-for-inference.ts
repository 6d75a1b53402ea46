/** Models that are used and not trained: weights laid out once in the order in which products read them. */
import { Linear, type Module } from '../nn/index.ts';
import type { PackedForm } from '../nn/weights/packed.ts';
import { usageError } from '../support/errors.ts';
import { isFloatingPoint } from '../torch/dtype.ts';
import { type DType, scope } from '../torch/index.ts';
import { hasProducts } from '../torch/products.ts';
import { LMHead } from './heads/lm.ts';
import type { Model } from './model.ts';

/**
 * Packs the weights of linear maps that are on the CPU: with `int8` all of them in eight bits, else those in bfloat16, where the processor
 * has products for it; the others stay as they are. The model can do all that it could, but be trained, moved and saved.
 *
 * @returns whether anything was packed
 * @throws UserError for `int8` elsewhere than on the CPU
 */
export function packForInference(model: Model, form: PackedForm = 'bfloat16'): boolean {
  if (form === 'int8' && model.device !== 'cpu') {
    throw usageError('TSLM_INT8_DEVICE', `int8 is for the CPU, not for ${model.device}`, 'leave out one of the two');
  }
  const isPacked = packLinears(model, form);
  const table = model.head instanceof LMHead ? model.head.tied : undefined;
  if (table && isPackable(table.weight, form)) scope(() => table.pack(form));
  return isPacked;
}

/** The same for whatever linear maps a module has. */
export function packLinears(module: Module, form: PackedForm = 'bfloat16'): boolean {
  let isPacked = false;
  for (const [, part] of module.namedModules()) {
    if (!(part instanceof Linear) || !isPackable(part.weight, form)) continue;
    scope(() => part.pack(form));
    isPacked = true;
  }
  return isPacked;
}

const isPackable = ({ dtype, device }: { dtype: string; device: string }, form: PackedForm): boolean =>
  device === 'cpu' && (form === 'int8' ? isFloatingPoint(dtype as DType) : hasProducts() && dtype === 'bfloat16');
