/** Cutting one or two encodings to a length in all. */
import { UserError, usageError } from '../../support/errors.ts';
import { modelMaxLength, type TokenizerConfig } from '../folders/tokenizer-config.ts';
import type { EncodeOptions, TruncationStrategy } from './encode-options.ts';
import type { Encoding } from './encoding.ts';

export interface Truncation {
  /** Tokens in all, special tokens included. */
  maxLength: number;
  strategy: TruncationStrategy;
  /** Tokens that neighbouring overflowing parts share. */
  stride: number;
  side: 'left' | 'right';
}

/**
 * What a call asks for, filled in from tokenizer_config.json.
 *
 * @throws UserError when no length is known
 */
export function resolveTruncation(
  { truncation, maxLength, stride = 0, truncationSide }: EncodeOptions,
  config: TokenizerConfig,
): Truncation | undefined {
  if (!truncation) return undefined;
  const length = maxLength ?? modelMaxLength(config);
  if (length == null) {
    throw usageError('TSLM_NO_MAX_LENGTH', 'truncation needs a length', 'give maxLength: no model_max_length is known');
  }
  return {
    maxLength: length,
    strategy: truncation === true ? 'longest_first' : truncation,
    stride,
    side: truncationSide ?? config.truncation_side ?? 'right',
  };
}

/**
 * @param room tokens that are left when the special tokens are taken off
 * @throws UserError when the text that may be cut is too short for it
 */
export function truncateEncodings(encodings: readonly Encoding[], room: number, options: Truncation): Encoding[] {
  const { strategy } = options;
  const checkStride = (length: number): void => {
    if (options.stride === 0 || options.stride < length) return;
    throw usageError(
      'TSLM_BAD_STRIDE',
      `a stride of ${options.stride} does not fit into the ${length} tokens that a text is cut to`,
      'choose a smaller stride or a larger maximal length',
    );
  };
  checkStride(room);
  const cut = (encoding: Encoding, length: number): Encoding => {
    if (length < encoding.length && length > 0) checkStride(length);
    return encoding.truncated(length, options.stride, options.side);
  };
  if (room <= 0) return encodings.map(encoding => cut(encoding, 0));
  const total = encodings.reduce((sum, encoding) => sum + encoding.length, 0);
  if (total <= room) return [...encodings];
  if (strategy === 'longest_first') {
    const [first, second] = encodings;
    if (!second) return [cut(first, room)];
    const [a, b] = shares(first.length, second.length, room);
    return [cut(first, a), cut(second, b)];
  }
  const target = strategy === 'only_first' ? 0 : 1;
  if (!encodings[target]) {
    throw usageError('TSLM_TRUNCATION', 'only_second truncates a second text, and there is none', 'use longest_first');
  }
  const length = encodings[target].length - (total - room);
  if (length <= 0) {
    throw new UserError(
      'TSLM_TRUNCATION',
      `the ${target === 0 ? 'first' : 'second'} text is too short: cutting it cannot bring ${total} tokens to ${room}`,
      { hint: 'use longest_first, or a larger maximal length' },
    );
  }
  return encodings.map((encoding, i) => (i === target ? cut(encoding, length) : encoding));
}

/** Both lengths after the longer one, then both alike, have given tokens away. */
function shares(first: number, second: number, room: number): [number, number] {
  let short = Math.min(first, second);
  let long = short > room ? short : Math.max(short, room - short);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return first > second ? [long, short] : [short, long];
}
