/** The tokenizer of a corpus, where none is given: trained on the training split. And the token that ends documents. */
import { UserError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { trainTokenizer } from '../tokenizers/training/train.ts';
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
  // A character is worth a token even when it occurs once.
  return trainTokenizer(texts, { kind, vocabSize, minFrequency: kind === 'char' ? 1 : 2, threads });
}

/** The token that ends documents; null when nothing is to end them. */
export function eosOf(tokenizer: Tokenizer, { eos, tokenizer: path }: ResolvedOptions): number | null {
  if (!eos) return null;
  if (tokenizer.eosTokenId !== undefined) return tokenizer.eosTokenId;
  throw new UserError('TSLM_NO_EOS', `${path}: the tokenizer has no EOS token to end documents with`, {
    hint: 'name one in tokenizer_config.json (eos_token), or prepare with --no-eos',
  });
}
