/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/explain`: attention maps and the logit lens. */

export type { AttentionMap, AttentionMaps, AttentionMapsOptions } from '../explain/attention-maps.ts';
export { attentionMaps } from '../explain/attention-maps.ts';
export type { LayerPredictions, LayerPredictionsOptions } from '../explain/logit-lens.ts';
export { layerPredictions } from '../explain/logit-lens.ts';
export type { Family, KeyRule, ModelSizes, Source } from '../models/family.ts';
export type {
  Backbone,
  BackboneOutput,
  Head,
  HeadOutput,
  Model,
  ModelInputs,
  ModelOutput,
  ModelParts,
  Task,
} from '../models/model.ts';
export type { Prompt } from '../models/prompt.ts';
export type { Embedding } from '../nn/embedding.ts';
export type { KVCache } from '../nn/kv-cache.ts';
export type { Module, Parameter } from '../nn/module.ts';
export type { PagedCache, PagedCacheOptions } from '../nn/paged-cache.ts';
export type { PrefixCache } from '../nn/prefix-cache.ts';
export type { OnWarning } from '../support/warnings.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput, TruncationStrategy } from '../tokenizers/encode/encode-options.ts';
export type { Encoding, PadToken } from '../tokenizers/encode/encoding.ts';
export type { TokenRun } from '../tokenizers/encode/token-run.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame, Tokenizer } from '../tokenizers/tokenizer.ts';
export type { DType } from '../torch/dtype.ts';
export type { Device, Tensor } from '../torch/tensor.ts';
