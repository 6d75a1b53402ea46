/** Errors of files of word vectors. */
import { UserError } from '../../support/errors.ts';

/** A file of vectors that is damaged, or something else altogether. */
export const badVectors = (path: string, what: string): UserError =>
  new UserError('TSLM_BAD_VECTORS', `${path}: ${what}`, {
    hint: 'files of word2vec (text or binary), fastText (.vec) and GloVe are read; fetch it again if it is one',
  });

/** A word as it may stand in a message. */
export const quoted = (word: string): string => `'${word.length > 40 ? `${word.slice(0, 40)}…` : word}'`;
