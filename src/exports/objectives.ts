/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/objectives`: how examples, batches and losses are made. */

export type { Resample } from '../data/images/resample.ts';
export type { Dataset, RowsOf } from '../data/rows/dataset.ts';
export type { RowKind, Rows, Said, Tokens, Tools } from '../data/rows/rows.ts';
export type { Crf, Transitions } from '../models/crf.ts';
export type { Family } from '../models/family.ts';
export type { ImageProcessor, ImageSize } from '../models/image-processor/config.ts';
export type { Backbone, Head, Model, ModelInputs, ModelOutput, ModelParts, Task } from '../models/model.ts';
export type { MultiTokenHeads, TrunkInputs } from '../models/multi-token-heads.ts';
export type { Stack } from '../models/stack.ts';
export type { KVCache } from '../nn/kv-cache.ts';
export type { Module, Parameter } from '../nn/module.ts';
export type { Answer } from '../objectives/answer.ts';
export type { Targets } from '../objectives/batches.ts';
export type { CausalBatch, CausalContext, CausalExample, CausalOptions } from '../objectives/causal.ts';
export { causal } from '../objectives/causal.ts';
export type { ContrastiveBatch, ContrastiveOptions, Views } from '../objectives/contrastive.ts';
export { contrastive } from '../objectives/contrastive.ts';
export type { EncodedBatch, EncodedText } from '../objectives/encodings.ts';
export type {
  Exploration,
  ExplorationOptions,
  JudgedAnswer,
  PromptExample,
  WrittenAnswer,
} from '../objectives/exploration.ts';
export type { ObjectiveName, ObjectiveOptions } from '../objectives/index.ts';
export { createObjective, objectiveNames } from '../objectives/index.ts';
export type { MaskedBatch, MaskedOptions } from '../objectives/masked.ts';
export { masked } from '../objectives/masked.ts';
export type { Masked } from '../objectives/masking.ts';
export type {
  AnyObjective,
  Arranged,
  Companion,
  Counts,
  Means,
  Objective,
  ObjectiveContext,
  Packing,
  Ratio,
} from '../objectives/objective.ts';
export type { Reward } from '../objectives/reward-options.ts';
export type { Seq2SeqOptions } from '../objectives/seq2seq.ts';
export { seq2seq } from '../objectives/seq2seq.ts';
export type {
  ClassifiedBatch,
  ClassifiedText,
  SequenceClassificationOptions,
} from '../objectives/sequence-classification.ts';
export { sequenceClassification } from '../objectives/sequence-classification.ts';
export type { TextToText, TextToTextBatch } from '../objectives/text-to-text.ts';
export type { TaggedBatch, TaggedText, TokenClassificationOptions } from '../objectives/token-classification.ts';
export { tokenClassification } from '../objectives/token-classification.ts';
export type { Random } from '../support/random.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput } from '../tokenizers/encode/encode-options.ts';
export type { Encoding } from '../tokenizers/encode/encoding.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame, Tokenizer } from '../tokenizers/tokenizer.ts';
export type { DType, TypedArray } from '../torch/dtype.ts';
export type { TensorMethods } from '../torch/ops.ts';
export type { Owned, Scope } from '../torch/scope.ts';
export type { Device, Tensor } from '../torch/tensor.ts';
