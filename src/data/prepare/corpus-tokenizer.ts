/** The tokenizer of a corpus, where none is given: trained on the training split. And the tokens around documents. */
import { UserError } from '../../support/errors.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../tokenizers/training/train.ts';
import { type AssignOptions, assignSplits } from './assign.ts';
import type { Preparation } from './preparation.ts';
import type { ResolvedOptions } from './prepare-options.ts';
import { sampleTrainingText } from './tokenizer-sample.ts';

/** @param trainBytes the size of the training split */
export async function trainCorpusTokenizer(
  preparation: Preparation,
  assign: AssignOptions,
  trainBytes: number,
): Promise<Tokenizer> {
  const { spool, threads } = preparation;
  const { tokenizerKind: kind, vocabSize, tokenizerSample: maxBytes, seed } = preparation.options;
  preparation.progress('training the tokenizer');
  const texts = sampleTrainingText(spool, assignSplits(spool, assign), { trainBytes, maxBytes, seed });
  return trainTokenizer(texts, { kind, vocabSize, threads });
}

/** The tokens around each document. */
export interface DocumentFrame {
  before: number[];
  after: number[];
}

/**
 * What stands around each document: before it what the tokenizer puts before a text, after it what the tokenizer puts after
 * one, or its EOS token where it puts nothing.
 *
 * @throws UserError when something is to end documents and the tokenizer has nothing
 */
export function frameOf(
  tokenizer: Tokenizer,
  { bos, eos, tokenizer: path }: Pick<ResolvedOptions, 'bos' | 'eos' | 'tokenizer'>,
): DocumentFrame {
  const around = tokenizer.specialTokensAround();
  const before = bos ? around.before : [];
  if (!eos) return { before, after: [] };
  if (around.after.length > 0) return { before, after: around.after };
  if (tokenizer.eosTokenId !== undefined) return { before, after: [tokenizer.eosTokenId] };
  throw new UserError('TSLM_NO_EOS', `${path}: the tokenizer has no EOS token to end documents with`, {
    hint: 'name one in tokenizer_config.json (eos_token), or prepare with --no-eos',
  });
}
