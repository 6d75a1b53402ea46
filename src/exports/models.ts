/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/models`: models of every family, their checkpoints, adapters over them. */

export type { Resample } from '../data/images/resample.ts';
export type { AdaptedPlace, Replacement } from '../models/adapters/adapter.ts';
export type { CombineOptions } from '../models/adapters/combine.ts';
export type { AdapterConfig } from '../models/adapters/config.ts';
export {
  Adapter,
  combineAdapters,
  createAdapter,
  loadAdapter,
  mergeAdapter,
  saveAdapter,
  unmergeAdapter,
  withAdapter,
} from '../models/adapters/index.ts';
export type { AnyConfig, SharedParameter } from '../models/adapters/methods/method.ts';
export type { LayerPlace, ParameterPlace } from '../models/adapters/places.ts';
export type { Candidate } from '../models/adapters/targets.ts';
export type { LoadedModel, LoadOptions, NewModelOptions } from '../models/auto.ts';
export {
  createFromConfig,
  createModel,
  describeModel,
  loadCompleteModel,
  loadModel,
  modelFolder,
  saveModel,
} from '../models/auto.ts';
export type { Checkpoint, CheckpointFormat } from '../models/checkpoint/files.ts';
export type { LoadReport } from '../models/checkpoint/load.ts';
export type { ProblemType } from '../models/config/keys.ts';
export type { Crf, Transitions } from '../models/crf.ts';
export type { DecoderOptions } from '../models/decoder.ts';
export { Decoder } from '../models/decoder.ts';
export type { Embeddings, EmbeddingsInputs, EmbeddingsOptions, PositionOptions } from '../models/embeddings.ts';
export type { EncoderOptions } from '../models/encoder.ts';
export { Encoder } from '../models/encoder.ts';
export type { EncoderDecoderOptions, EncoderDecoderParts } from '../models/encoder-decoder.ts';
export { EncoderDecoder } from '../models/encoder-decoder.ts';
export type { Family, KeyRule, ModelSizes, Source } from '../models/family.ts';
export type { ImageProcessor, ImageSize } from '../models/image-processor/config.ts';
export type { Layer, LayerInputs, LayerOptions, LayerOutput } from '../models/layer.ts';
export type { ForInferenceOptions, InferenceType } from '../models/load-for-inference.ts';
export { loadForInference } from '../models/load-for-inference.ts';
export type {
  Backbone,
  BackboneOutput,
  Head,
  HeadOutput,
  ModelInputs,
  ModelOutput,
  ModelParts,
  Task,
} from '../models/model.ts';
export { Model } from '../models/model.ts';
export type { MultiTokenHeads, TrunkInputs } from '../models/multi-token-heads.ts';
export type { PatchEmbeddings, PatchEmbeddingsInputs, PatchEmbeddingsOptions } from '../models/patch-embeddings.ts';
export type { PerformerConfig } from '../models/performer.ts';
export type { EmbedOptions, Pooling } from '../models/pooling.ts';
export { embed } from '../models/pooling.ts';
export type { Prompt } from '../models/prompt.ts';
export { recomputeBlocks } from '../models/recompute.ts';
export type { Stack, StackInputs, StackOptions, StackOutput } from '../models/stack.ts';
export type { Activation } from '../nn/activations.ts';
export type { Attended, Attention, AttentionInputs, AttentionOptions, Heads } from '../nn/attention.ts';
export type { AttentionKind } from '../nn/attention-kinds.ts';
export type { BlockSparseKind } from '../nn/block-sparse-attention.ts';
export type { Dropout } from '../nn/dropout.ts';
export type { Embedding } from '../nn/embedding.ts';
export type { FeedForward, FeedForwardOptions } from '../nn/feed-forward.ts';
export type { KVCache } from '../nn/kv-cache.ts';
export type { AdaptedLayer, AdapterParameter, LayerAdapter } from '../nn/layer-adapter.ts';
export type { LayerNorm } from '../nn/layer-norm.ts';
export type { Linear } from '../nn/linear.ts';
export type { Module, Parameter } from '../nn/module.ts';
export type { Norm, NormOptions } from '../nn/norm.ts';
export type { PagedAttentionKind, PagedCache, PagedCacheOptions, PagedSequence } from '../nn/paged-cache.ts';
export type { PerformerKind } from '../nn/performer-attention.ts';
export type { RelativeBiasOptions, RelativePositionBias } from '../nn/positions.ts';
export type { PrefixCache } from '../nn/prefix-cache.ts';
export type { RMSNorm } from '../nn/rms-norm.ts';
export type { Rotary, RotaryAngles } from '../nn/rotary.ts';
export type { SlidingWindowKind } from '../nn/sliding-window-attention.ts';
export type { OnWarning } from '../support/warnings.ts';
export type { DType, TypedArray } from '../torch/dtype.ts';
export type { Generator } from '../torch/generator.ts';
export type { TensorHandle } from '../torch/handle.ts';
export type { TensorMethods } from '../torch/ops.ts';
export type { PageShape } from '../torch/paged-attention.ts';
export type { FusedActivation, LinearProductOptions, PackedLinearOptions } from '../torch/products.ts';
export type { Owned, Scope } from '../torch/scope.ts';
export type { Device, Tensor } from '../torch/tensor.ts';
