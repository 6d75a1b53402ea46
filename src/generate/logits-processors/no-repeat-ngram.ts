/** No n-gram twice. */
import type { LogitsProcessor } from './logits-processor.ts';

/** Forbids every token that would complete an n-gram that has occurred already (Paulus et al. 2017, arXiv:1705.04304). */
export const noRepeatNgram =
  (size: number): LogitsProcessor =>
  (inputIds, logits) =>
    forbidCompletions(inputIds, inputIds, size, logits);

/** Forbids every token that would complete an n-gram of the encoder's input. */
export const encoderNoRepeatNgram =
  (size: number, encoderInputIds: ArrayLike<number>): LogitsProcessor =>
  (inputIds, logits) =>
    forbidCompletions(inputIds, encoderInputIds, size, logits);

/** Forbids what follows the last `size − 1` tokens of `ids` wherever they occur in `text`. */
function forbidCompletions(ids: ArrayLike<number>, text: ArrayLike<number>, size: number, logits: Float32Array): void {
  if (ids.length < size - 1) return;
  for (let end = size - 1; end < text.length; end++) {
    let back = 1;
    // Compared from the end, where a mismatch is most likely to show at once.
    while (back < size && text[end - back] === ids[ids.length - back]) back++;
    if (back === size) logits[text[end]] = Number.NEGATIVE_INFINITY;
  }
}
