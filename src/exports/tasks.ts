/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/tasks`: a model for a task in one call, synchronous in this thread, by the names that Transformers gives to tasks. */

export type { ImageSource } from '../data/images/source.ts';
export type { GenerationOptions } from '../generate/config/generation-options.ts';
export type { GeneratedToken } from '../generate/generated-token.ts';
export type { TextEnd } from '../generate/stopping.ts';
export type { GeneratedText, TextPiece } from '../generate/text.ts';
export type { ForInferenceOptions, InferenceType } from '../models/load-for-inference.ts';
export type { Model } from '../models/model.ts';
export type { Pooling } from '../models/pooling.ts';
export type { Opened, Pipeline } from '../pipeline.ts';
export { pipeline } from '../pipeline.ts';
export type { Ability } from '../tasks/abilities.ts';
export type { ChatAnswer, ChatTaskOptions } from '../tasks/chat.ts';
export type { EmbeddingOptions } from '../tasks/embeddings.ts';
export type { Aggregation, Entity } from '../tasks/entities.ts';
export type { FilledMask } from '../tasks/fill-mask.ts';
export type { WritingOptions } from '../tasks/generation.ts';
export type { ClassifyImagesOptions } from '../tasks/image-classification.ts';
export type { ImageInput } from '../tasks/images.ts';
export type { ReadingOptions } from '../tasks/inputs.ts';
export type { LabelScore } from '../tasks/labels.ts';
export type { FeatureExtractor, OneOrMany, Pipelines, RankedDocument, Writer } from '../tasks/pipelines.ts';
export type { Answer, AnswerOptions } from '../tasks/question-answering.ts';
export type { ClassifyOptions } from '../tasks/text-classification.ts';
export type { RewritingOptions, TextToTextTask, TranslationOptions } from '../tasks/text-to-text.ts';
export type { TokenClassificationOptions } from '../tasks/token-classification.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput } from '../tokenizers/encode/encode-options.ts';
export type { Encoding } from '../tokenizers/encode/encoding.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame, Tokenizer } from '../tokenizers/tokenizer.ts';
export type { DType } from '../torch/dtype.ts';
