/** What can be chosen by name when word vectors are trained. Imports nothing, so that `--help` can list it without delay. */

/** Skip-gram and CBOW (Mikolov et al. 2013), GloVe (Pennington et al. 2014). */
export const VECTOR_METHODS = ['skip-gram', 'cbow', 'glove'] as const;
export type VectorMethod = (typeof VECTOR_METHODS)[number];

/** What a word is predicted by. */
export const VECTOR_LOSSES = ['negative-sampling', 'hierarchical-softmax'] as const;

export const WORD_RULES = ['unicode', 'whitespace'] as const;
/** `whitespace`: text is split into words already, and all between white space is a word. */
export type WordRule = (typeof WORD_RULES)[number];

export const SENTENCE_RULES = ['paragraph', 'line'] as const;
/** Windows of context do not reach over the end of a `line`, or of a `paragraph`: a line without words. */
export type SentenceRule = (typeof SENTENCE_RULES)[number];
