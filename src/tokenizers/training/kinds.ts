/** The kinds of tokenizers that can be trained. */
export const KINDS = ['bpe', 'wordpiece', 'unigram', 'llama-bpe', 'wordlevel', 'char'] as const;
/** What can be trained: byte-level BPE, WordPiece, unigram, word level, characters. */
export type TokenizerKind = (typeof KINDS)[number];
