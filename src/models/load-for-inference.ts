/** Models that are to write: loaded in the element type that serves best, their weights packed. */
import { hasProducts } from '../torch/products.ts';
import { type LoadOptions, loadCompleteModel } from './auto.ts';
import { Decoder } from './decoder.ts';
import type { Model } from './model.ts';
import { packForInference } from './pack-for-inference.ts';

/**
 * Element type of the weights; `auto`: bfloat16 for decoders that write text where the processor multiplies it natively, else
 * float32.
 */
export type InferenceType = 'auto' | 'float32' | 'bfloat16';

export interface ForInferenceOptions extends Pick<LoadOptions, 'device' | 'onWarning'> {
  dtype?: InferenceType;
  onNote?: (note: string) => void;
}

/**
 * `loadCompleteModel` for a model that is used and not trained.
 *
 * @param options.dtype default `auto`
 */
export function loadForInference(folder: string, { dtype = 'auto', ...options }: ForInferenceOptions = {}): Model {
  const model = loadCompleteModel(folder, { dtype: dtype === 'auto' ? 'float32' : dtype, ...options });
  const isWriter = model.task === 'causalLM' && model.backbone instanceof Decoder;
  if (dtype === 'auto' && isWriter && model.device === 'cpu' && hasProducts()) model.to({ dtype: 'bfloat16' });
  packForInference(model);
  return model;
}
