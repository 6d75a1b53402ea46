/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/data`: from texts to a corpus, and what a corpus holds. */

export type { Corpus } from '../data/corpus/corpus.ts';
export { openCorpus } from '../data/corpus/corpus.ts';
export type { CorpusIndex, SplitIndex, SplitName } from '../data/corpus/corpus-index.ts';
export type { CorpusSplit, MappedShard, Tokens as CorpusTokens } from '../data/corpus/corpus-split.ts';
export type { Resample } from '../data/images/resample.ts';
export type { ImageSource } from '../data/images/source.ts';
export type { PrepareResult } from '../data/prepare/prepare.ts';
export { prepare } from '../data/prepare/prepare.ts';
export type { PrepareOptions } from '../data/prepare/prepare-options.ts';
export type { PrepareStage, ProgressListener } from '../data/prepare/progress-listener.ts';
export type { Amount, DuplicateExample, ExampleText, PrepareReport } from '../data/prepare/report.ts';
export type { BadRecord, FileFailure, SourceFacts } from '../data/readers/facts.ts';
export type { FileRowKind } from '../data/rows/columns.ts';
export type { Dataset, RowsOf } from '../data/rows/dataset.ts';
export type { RowKind, Rows, Said, Tokens, Tools } from '../data/rows/rows.ts';
export type { ShapedKind } from '../data/rows/shapes.ts';
export type { EncodingDecision } from '../support/encoding/decide.ts';
export type { UserError } from '../support/errors.ts';
export type { ChatMessage, ChatOptions } from '../tokenizers/chat/chat.ts';
export type { DecodeStream } from '../tokenizers/decode/decode-stream.ts';
export type { DecodeOptions } from '../tokenizers/decode/detokenizer.ts';
export type { EncodeOptions, TextInput } from '../tokenizers/encode/encode-options.ts';
export type { Encoding } from '../tokenizers/encode/encoding.ts';
export type { TokenizerConfig } from '../tokenizers/folders/tokenizer-config.ts';
export type { OpenTokenizerOptions, PairFrame, Tokenizer } from '../tokenizers/tokenizer.ts';
