/** Building blocks of neural networks. */
export { type Activation, activations } from './activations.ts';
export { type Attended, Attention, type AttentionInputs, type AttentionOptions } from './attention.ts';
export { type AttentionKind, createAttention } from './attention-kinds.ts';
export { Dropout } from './dropout.ts';
export { Embedding } from './embedding.ts';
export { FeedForward, type FeedForwardOptions } from './feed-forward.ts';
export { initNormal, initOnes, initZeros } from './init.ts';
export { KVCache } from './kv-cache.ts';
export { LayerNorm } from './layer-norm.ts';
export { Linear } from './linear.ts';
export { Lora, type LoraOptions } from './lora.ts';
export { additiveMask, causalMask, mostNegative } from './masks.ts';
export { emptyParameter, Module, Parameter, withoutMemory } from './module.ts';
export { createNorm, type Norm, type NormOptions } from './norm.ts';
export { bytesOfPage, PagedCache, type PagedSequence } from './paged-cache.ts';
export {
  alibiBias,
  alibiSlopes,
  type RelativeBiasOptions,
  RelativePositionBias,
  sinusoidalTable,
} from './positions.ts';
export { RMSNorm } from './rms-norm.ts';
export { dynamicRope, linearRope, llama3Rope, longRope, plainRope, yarnRope } from './rope-scaling.ts';
export { type Rotary, type RotaryAngles, rotaryAngles, rotaryFrequencies, rotate } from './rotary.ts';
