/** Building blocks of neural networks. */
export { type Activation, activations } from './activations.ts';
export { type AttentionInputs, type AttentionOptions, causalMask, SelfAttention } from './attention.ts';
export { Dropout } from './dropout.ts';
export { Embedding } from './embedding.ts';
export { FeedForward } from './feed-forward.ts';
export { initNormal, initOnes, initZeros } from './init.ts';
export { KVCache } from './kv-cache.ts';
export { LayerNorm } from './layer-norm.ts';
export { Linear } from './linear.ts';
export { emptyParameter, Module, Parameter } from './module.ts';
