/** A long text in windows that overlap, each between the tokens that stand around the whole. */
import { usageError } from '../support/errors.ts';
import { Encoding } from '../tokenizers/encode/encoding.ts';

export interface WindowOptions {
  /** Most tokens of a window, those around the text included. */
  maxLength: number;
  /** Tokens of the text that neighbours share. */
  stride: number;
}

/**
 * The tokenizer's own truncation looks no further than the tokens that it keeps, so that what overflows is not all.
 *
 * @param whole a text, or two of which one is cut, encoded without truncation
 * @param sequence the text that is cut: 0 the first, 1 the second
 * @throws UserError when what stands around the text leaves no room for it, or not more than the stride
 */
export function windowsOf(whole: Encoding, sequence: 0 | 1, { maxLength, stride }: WindowOptions): Encoding[] {
  if (whole.length <= maxLength) return [whole];
  const from = whole.sequenceIds.indexOf(sequence);
  const to = whole.sequenceIds.lastIndexOf(sequence) + 1;
  const around = whole.length - (to - from);
  const room = maxLength - around;
  if (from < 0 || room <= stride) {
    throw usageError(
      'TSLM_BAD_STRIDE',
      `${around} of ${maxLength} tokens stand around the text, which leaves too little for windows that share ${stride}`,
      'shorten the question, or choose a smaller stride',
    );
  }
  const [before, text, after] = [whole.slice(0, from), whole.slice(from, to), whole.slice(to)];
  const first = text.truncated(room, stride, 'right');
  return [first, ...first.overflowing].map(part => Encoding.concat([before, part.slice(0), after]));
}
