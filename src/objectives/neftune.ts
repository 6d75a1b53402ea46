/** Noise on word vectors while instructions are learnt (Jain et al. 2023, arXiv:2310.05914, algorithm 1). */
import type { Decoder } from '../models/decoder.ts';
import type { Model, ModelInputs } from '../models/model.ts';
import { isGradEnabled, randLike } from '../torch/index.ts';

/**
 * Inputs whose word vectors have uniform noise of ±α / √(time · dim) added, drawn from the generator of the device, as dropout is.
 * Outside training they stay as they are.
 */
export function withNoise(model: Model, inputs: ModelInputs, alpha: number): ModelInputs {
  if (alpha === 0 || !model.training || !isGradEnabled()) return inputs;
  const { word, options } = (model.backbone as Decoder).embeddings;
  const rows = word.forward(inputs.inputIds!);
  const vectors = options.scale === undefined || options.scaleGiven ? rows : rows.mul(options.scale);
  const most = alpha / Math.sqrt(vectors.size(1) * vectors.size(2));
  return { ...inputs, inputsEmbeds: vectors.add(randLike(vectors).mul(2).sub(1).mul(most)) };
}
