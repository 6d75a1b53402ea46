/** The kinds of tokenizers that can be trained. */
export const KINDS = ['bpe', 'wordpiece', 'unigram', 'llama-bpe', 'wordlevel', 'char'] as const;
export type TokenizerKind = (typeof KINDS)[number];
