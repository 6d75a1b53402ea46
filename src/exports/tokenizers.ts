/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/tokenizers`: tokenizer.json in and out, training, chat templates. */

export type { EncodingDecision } from '../support/encoding/decide.ts';
export type { OnWarning } from '../support/warnings.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput, TruncationStrategy } from '../tokenizers/encode/encode-options.ts';
export type { Encoding, PadToken } from '../tokenizers/encode/encoding.ts';
export type { Details, Origin, TokenRun } from '../tokenizers/encode/token-run.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame } from '../tokenizers/tokenizer.ts';
export { Tokenizer } from '../tokenizers/tokenizer.ts';
export type { TokenizerKind } from '../tokenizers/training/kinds.ts';
export type { TrainOptions, TrainProgress } from '../tokenizers/training/options.ts';
export type { ReadTextsOptions } from '../tokenizers/training/read-texts.ts';
export { trainTokenizer } from '../tokenizers/training/train.ts';
