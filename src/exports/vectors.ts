/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/vectors`: word vectors. */

export type { EncodingDecision } from '../support/encoding/decide.ts';
export type { OnWarning } from '../support/warnings.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput, TruncationStrategy } from '../tokenizers/encode/encode-options.ts';
export type { Encoding, PadToken } from '../tokenizers/encode/encoding.ts';
export type { TokenRun } from '../tokenizers/encode/token-run.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame, Tokenizer } from '../tokenizers/tokenizer.ts';
export type { ReadTextsOptions } from '../tokenizers/training/read-texts.ts';
export type { VectorEmbeddings } from '../vectors/embeddings.ts';
export type { ReadVectorsOptions } from '../vectors/formats/read.ts';
export * from '../vectors/index.ts';
export type { NewProvenance } from '../vectors/storage.ts';
export type { SubwordOptions, SubwordVectors } from '../vectors/subwords.ts';
export type { Scored } from '../vectors/top.ts';
export type { SentenceRule, WordRule } from '../vectors/training/choices.ts';
export type { ResolvedVectorOptions } from '../vectors/training/options.ts';
export type { ReadWordsOptions } from '../vectors/training/read-words.ts';
export type { TrainedVectors, VectorProgress } from '../vectors/training/train.ts';
export type { EncodedText, VocabularyOptions } from '../vectors/training/vocabulary.ts';
export type { WordVectorsData } from '../vectors/word-vectors.ts';
