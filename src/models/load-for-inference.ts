/**
 * Models that are used and not trained: element type, packing and device are decided here for `generate`, `serve` and
 * `pipeline` alike, so that a prompt is answered alike by all three.
 */

import { usageError } from '../support/errors.ts';
import type { DType } from '../torch/index.ts';
import { hasProducts } from '../torch/products.ts';
import { adapterInUse } from './adapters/adapter.ts';
import { settle } from './adapters/create.ts';
import { type LoadOptions, loadCompleteModel } from './auto.ts';
import type { Model } from './model.ts';
import { packForInference } from './pack-for-inference.ts';

/**
 * Element type of the weights; `int8`: of linear maps and the output layer (`nn/weights/int8.ts`), on the CPU, the rest as with `auto`; `auto`: bfloat16 for decoders that write text where there are the products of `torch/products.ts`,
 * since writing takes as long as reading the weights from memory; else float32.
 */
export type InferenceType = DType | 'auto';

export interface ForInferenceOptions extends Pick<LoadOptions, 'device' | 'onWarning' | 'adapter'> {
  /** Default `auto`. */
  dtype?: InferenceType;
  /** Told what of the checkpoint is left over. */
  onNote?: (note: string) => void;
}

/**
 * `loadCompleteModel` for a model that is used as it is. Weights in bfloat16 on the CPU are packed: such a model can do all
 * but be trained, moved and saved.
 */
export function loadForInference(folder: string, { dtype = 'auto', ...options }: ForInferenceOptions = {}): Model {
  const isInt8 = dtype === 'int8';
  if (isInt8 && (options.device ?? 'cpu') !== 'cpu') {
    throw usageError('TSLM_INT8_DEVICE', `int8 is for the CPU, not for ${options.device}`, 'leave out one of the two');
  }
  // Eight bits are made of what the checkpoint has, not of bfloat16.
  const stored = isInt8 ? 'auto' : dtype === 'auto' ? 'float32' : dtype;
  const model = loadCompleteModel(folder, { dtype: stored, ...options });
  if (isInt8) packForInference(model, 'int8');
  if (isInt8 || dtype === 'auto') model.to({ dtype: inferenceDtype(model) });
  packForInference(model);
  const adapter = adapterInUse(model);
  if (adapter) settle(adapter);
  return model;
}

/** What `auto` takes. Without products of our own the sums of a row depend on its batch, which in bfloat16 would show. */
export function inferenceDtype({ task, backbone, device }: Model): DType {
  const writes = task === 'causalLM' && backbone.kind === 'decoder';
  return writes && device === 'cpu' && hasProducts() ? 'bfloat16' : 'float32';
}
