/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/constrain`: constraints on generated text from JSON Schemas, regular expressions and grammars. */

export type { Constraint, ConstraintState } from '../constrain/constraint.ts';
export { compileGbnf } from '../constrain/gbnf/compile-gbnf.ts';
export type { JsonSchemaOptions } from '../constrain/json-schema/compile-json-schema.ts';
export { compileJsonSchema } from '../constrain/json-schema/compile-json-schema.ts';
export { compileRegex } from '../constrain/regex/compile-regex.ts';
export type { ConstraintSource } from '../constrain/source.ts';
export type { Slice } from '../constrain/vocabulary/slices.ts';
export type { TokenTrie } from '../constrain/vocabulary/token-trie.ts';
export type { VocabularyOptions } from '../constrain/vocabulary/vocabulary.ts';
export { createVocabulary, vocabularyOf } from '../constrain/vocabulary/vocabulary.ts';
export type { TokenTexts, TokenTree, Vocabulary } from '../constrain/vocabulary/vocabulary-data.ts';
export type { OnWarning } from '../support/warnings.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput, TruncationStrategy } from '../tokenizers/encode/encode-options.ts';
export type { Encoding, PadToken } from '../tokenizers/encode/encoding.ts';
export type { TokenRun } from '../tokenizers/encode/token-run.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame, Tokenizer } from '../tokenizers/tokenizer.ts';
