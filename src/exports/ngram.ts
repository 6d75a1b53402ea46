/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/ngram`: n-gram language models. */

export type { SplitName } from '../data/corpus/corpus-index.ts';
export type { OnStep } from '../ngram/counts.ts';
export * from '../ngram/index.ts';
export type { Trie, TrieLevel } from '../ngram/trie.ts';
export type { Random } from '../support/random.ts';
export type { OnWarning } from '../support/warnings.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput, TruncationStrategy } from '../tokenizers/encode/encode-options.ts';
export type { Encoding, PadToken } from '../tokenizers/encode/encoding.ts';
export type { TokenRun } from '../tokenizers/encode/token-run.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame, Tokenizer } from '../tokenizers/tokenizer.ts';
