/** Building blocks of neural networks. */
export { type Activation, activations } from './activations.ts';
export { AdaLora } from './adalora.ts';
export { type Attended, Attention, type AttentionInputs, type AttentionOptions } from './attention.ts';
export { type AttentionKind, createAttention } from './attention-kinds.ts';
export { Bottleneck, type BottleneckOptions } from './bottleneck.ts';
export { Dora } from './dora.ts';
export { Dropout } from './dropout.ts';
export { Embedding } from './embedding.ts';
export { FeedForward, type FeedForwardOptions } from './feed-forward.ts';
export { Ia3 } from './ia3.ts';
export { initNormal, initOnes, initUniform, initZeros } from './init.ts';
export { KVCache } from './kv-cache.ts';
export { type AdaptedLayer, type AdapterParameter, adapterParameters, type LayerAdapter } from './layer-adapter.ts';
export { LayerNorm } from './layer-norm.ts';
export { Linear } from './linear.ts';
export { Loha } from './loha.ts';
export { Lora, type LoraOptions } from './lora.ts';
export { additiveMask, causalMask, mostNegative } from './masks.ts';
export { emptyParameter, Module, Parameter, withoutMemory } from './module.ts';
export { createNorm, type Norm, type NormOptions } from './norm.ts';
export { bytesOfPage, PagedCache, type PagedCacheOptions, type PagedSequence } from './paged-cache.ts';
export {
  alibiBias,
  alibiSlopes,
  type RelativeBiasOptions,
  RelativePositionBias,
  sinusoidalTable,
} from './positions.ts';
export { PrefixCache } from './prefix-cache.ts';
export { RMSNorm } from './rms-norm.ts';
export { dynamicRope, linearRope, llama3Rope, longRope, plainRope, yarnRope } from './rope-scaling.ts';
export { type Rotary, type RotaryAngles, rotaryAngles, rotaryFrequencies, rotate } from './rotary.ts';
export { TrainableTokens } from './trainable-tokens.ts';
export { Vera, type VeraProjections } from './vera.ts';
