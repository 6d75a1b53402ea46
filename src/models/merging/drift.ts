/** How far two models are from each other in what they say: the largest difference of logits over some prompts. */
import { inferenceMode, randint, scope, type Tensor, withSeed } from '../../torch/index.ts';
import { Embeddings } from '../embeddings.ts';
import type { Model, ModelInputs } from '../model.ts';

const PROMPTS = 8;
const LENGTH = 16;

/** Prompts of 16 tokens, drawn from the vocabulary with a seed, so that they are the same for every model of a vocabulary. */
export function probes(model: Model): ModelInputs {
  const { reader, maxPositions } = model.backbone;
  const { embeddings } = reader as unknown as { embeddings?: unknown };
  if (!(embeddings instanceof Embeddings)) throw new RangeError('only models that read tokens can be asked');
  const length = Math.min(LENGTH, maxPositions - model.backbone.virtualTokens);
  const draw = (): Tensor =>
    withSeed(0, () => randint(0, embeddings.options.vocabSize, [PROMPTS, length], { dtype: 'int64' }));
  const inputIds = draw();
  return model.backbone.kind === 'encoderDecoder' ? { inputIds, decoderInputIds: draw() } : { inputIds };
}

/** Logits of the probes, or hidden states of a model without a head, in float32. */
export function answers(model: Model, inputs: ModelInputs): Tensor {
  const output = scope(() => inferenceMode(() => model.forward(inputs)));
  return (output.logits ?? output.startLogits ?? output.lastHiddenState).to('float32');
}

export const largestDifference = (a: Tensor, b: Tensor): number => scope(() => a.sub(b).abs().amax().item());
