/** The tokens around the documents of a corpus. */
import { UserError } from '../../support/errors.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { ResolvedOptions } from './prepare-options.ts';

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
