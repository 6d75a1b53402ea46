/** Tokens that are forbidden, everywhere or at the beginning. */
import { UserError } from '../../support/errors.ts';
import type { LogitsProcessor } from './logits-processor.ts';

/** Forbids some tokens throughout. */
export const suppressTokens =
  (ids: readonly number[]): LogitsProcessor =>
  (_, logits) => {
    for (const id of ids) logits[id] = Number.NEGATIVE_INFINITY;
  };

/** Forbids some tokens while the text has exactly `beginIndex` tokens: as the first that is generated. */
export function beginSuppress(ids: readonly number[], beginIndex: number): LogitsProcessor {
  const suppress = suppressTokens(ids);
  return (inputIds, logits) => {
    if (inputIds.length === beginIndex) suppress(inputIds, logits);
  };
}

/** Forbids everything but the tokens that `allowed` returns for the text so far. Throws when it returns none. */
export function prefixAllowed(allowed: (inputIds: ArrayLike<number>) => ArrayLike<number>): LogitsProcessor {
  let kept = new Float32Array(0);
  return (inputIds, logits) => {
    const ids = allowed(inputIds);
    if (ids.length === 0) {
      throw new UserError('TSLM_NO_ALLOWED_TOKEN', `no token is allowed after ${inputIds.length} tokens`, {
        hint: 'the constraint must always allow at least one token, such as the end of the sequence',
      });
    }
    if (kept.length < ids.length) kept = new Float32Array(ids.length);
    for (let i = 0; i < ids.length; i++) kept[i] = logits[ids[i]];
    logits.fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < ids.length; i++) logits[ids[i]] = kept[i];
  };
}
