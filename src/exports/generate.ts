/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/generate`: the generation loop over a model in this thread, and scores of given texts. */

export type { Constraint, ConstraintState } from '../constrain/constraint.ts';
export { resolveGenerationConfig } from '../generate/config/generation-config.ts';
export type { GenerationConfig, GenerationOptions } from '../generate/config/generation-options.ts';
export type { Sampling } from '../generate/config/sampling-options.ts';
export type { FimOptions, Middle } from '../generate/fill-in-the-middle/fill-in-the-middle.ts';
export { fillInTheMiddle } from '../generate/fill-in-the-middle/fill-in-the-middle.ts';
export type { FimOrder, Gap } from '../generate/fill-in-the-middle/fim-prompt.ts';
export { generate } from '../generate/generate.ts';
export type { GenerateOptions } from '../generate/generate-options.ts';
export type { GeneratedToken } from '../generate/generated-token.ts';
export type { LogitsProcessor } from '../generate/logits-processors/logits-processor.ts';
export type { GenerationInputs, StartOptions } from '../generate/prompt/generation-inputs.ts';
export type { PseudoPerplexity } from '../generate/scoring/pseudo-perplexity.ts';
export { pseudoPerplexity } from '../generate/scoring/pseudo-perplexity.ts';
export type { ScoreOptions } from '../generate/scoring/score-options.ts';
export type { TextScore, TextScoreOptions } from '../generate/scoring/score-text.ts';
export { scoreText } from '../generate/scoring/score-text.ts';
export type { TokenScore } from '../generate/scoring/score-tokens.ts';
export { scoreTokens } from '../generate/scoring/score-tokens.ts';
export type { GeneratedSequences, SequencesOptions } from '../generate/sequences.ts';
export { generateSequences } from '../generate/sequences.ts';
export type { StopReason, TextEnd } from '../generate/stopping.ts';
export type { GeneratedText, TextOptions, TextPiece } from '../generate/text.ts';
export { generateText, streamText } from '../generate/text.ts';
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
export type { MultiTokenHeads, TrunkInputs } from '../models/multi-token-heads.ts';
export type { Prompt } from '../models/prompt.ts';
export type { Stack } from '../models/stack.ts';
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
export type { DType, TypedArray } from '../torch/dtype.ts';
export type { TensorMethods } from '../torch/ops.ts';
export type { Owned, Scope } from '../torch/scope.ts';
export type { Device, Tensor } from '../torch/tensor.ts';
