/** Bringing the encodings of a batch to one length. */
import { UserError, usageError } from '../../support/errors.ts';
import { modelMaxLength, paddingSide, padTokenTypeId, type TokenizerConfig } from '../folders/tokenizer-config.ts';
import type { EncodeOptions } from './encode-options.ts';
import type { Encoding, PadToken } from './encoding.ts';

/**
 * Pads all encodings to one length, in place, if a call asks for it; tokenizer_config.json says what it leaves open.
 *
 * @param id of the pad token
 * @throws UserError when there is no pad token, or no length is known
 */
export function padEncodings(
  encodings: readonly Encoding[],
  { padding, maxLength, padToMultipleOf = 1, paddingSide: side }: EncodeOptions,
  config: TokenizerConfig,
  id: number | undefined,
): void {
  if (!padding || encodings.length === 0) return;
  const { pad_token: token } = config;
  if (token == null || id === undefined) {
    throw new UserError('TSLM_NO_PAD_TOKEN', 'padding needs a pad token, and the tokenizer has none', {
      hint: 'set pad_token in tokenizer_config.json',
    });
  }
  let length: number;
  if (padding === 'max_length') {
    const most = maxLength ?? modelMaxLength(config);
    if (most == null) throw usageError('TSLM_NO_MAX_LENGTH', 'padding to max_length needs a length', 'give maxLength');
    length = most;
  } else {
    length = encodings.reduce((longest, encoding) => Math.max(longest, encoding.length), 0);
  }
  length = Math.ceil(length / padToMultipleOf) * padToMultipleOf;
  const pad: PadToken = { id, token, typeId: padTokenTypeId(config), side: side ?? paddingSide(config) };
  for (const encoding of encodings) encoding.pad(length, pad);
}
