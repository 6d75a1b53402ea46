/** A constraint as a logits processor: forbids what may not follow. It looks at texts alone, so that these may branch. */
import { UserError, usageError } from '../support/errors.ts';
import type { Constraint, ConstraintState } from './constraint.ts';

/** A logits processor that may need work before, which can be done a slice at a time. */
export interface ConstrainingProcessor {
  /** Forbids what may not follow `inputIds` in `logits`, in place. */
  (inputIds: ArrayLike<number>, logits: Float32Array): void;
  /**
   * Works for a number of steps (`work.ts`) on the mask of the next token.
   *
   * @returns whether the processor has little left to do for this text
   */
  prepare(inputIds: readonly number[], steps: number): boolean;
}

/** Texts whose states are remembered: those of a step's beams and of the step before. */
const MOST_REMEMBERED = 256;

interface Remembered {
  ids: readonly number[];
  state: ConstraintState;
}

/**
 * @param from tokens before the text that is constrained: the prompt, and a first token that is forced
 * @param eosTokenId what ends the text where it is generated
 * @param maxLength most tokens of a text with what is before it: it is completed within them, where it can be
 * @throws UserError when the constraint knows no such end, and so could never be complete
 */
export function constrain(
  constraint: Constraint,
  from: number,
  eosTokenId: readonly number[],
  maxLength = Number.POSITIVE_INFINITY,
): ConstrainingProcessor {
  if (!constraint.eosTokenId.some(id => eosTokenId.includes(id))) {
    throw usageError(
      'TSLM_NO_END',
      'the constraint and the generation know no common end-of-sequence token',
      "set 'eosTokenId', and make the vocabulary with the same: vocabularyOf(tokenizer, { eosTokenId })",
    );
  }
  let remembered: Remembered[] = [{ ids: [], state: constraint.start() }];
  const process = (inputIds: ArrayLike<number>, logits: Float32Array): void => {
    if (inputIds.length < from) return;
    const state = stateOf(inputIds);
    if (state) maskLogits(logits, state.mask(maxLength - inputIds.length));
    // A text that was not allowed is there only to fill a beam's place.
    else logits.fill(Number.NEGATIVE_INFINITY);
  };
  const prepare = (inputIds: readonly number[], steps: number): boolean =>
    inputIds.length < from || (stateOf(inputIds)?.prepare(steps, maxLength - inputIds.length) ?? true);
  return Object.assign(process, { prepare });

  function stateOf(inputIds: ArrayLike<number>): ConstraintState | undefined {
    const ids = Array.from({ length: inputIds.length - from }, (_, i) => inputIds[from + i]);
    let longest = remembered[0];
    for (const known of remembered) {
      if (known.ids.length > longest.ids.length && isPrefix(known.ids, ids)) longest = known;
    }
    if (longest.ids.length === ids.length) return longest.state;
    const state = longest.state.clone();
    for (let i = longest.ids.length; i < ids.length; i++) {
      if (!isAllowed(state, ids[i])) return undefined;
    }
    remembered.push({ ids, state });
    if (remembered.length > MOST_REMEMBERED) remembered = [remembered[0], ...remembered.slice(MOST_REMEMBERED / 2)];
    return state;
  }
}

/** Goes on with a token where it is allowed. */
function isAllowed(state: ConstraintState, id: number): boolean {
  try {
    state.advance(id);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.code === 'TSLM_TOKEN_NOT_ALLOWED') return false;
    throw error;
  }
}

/** Compared from the end, where texts differ. */
function isPrefix(prefix: readonly number[], ids: readonly number[]): boolean {
  for (let i = prefix.length - 1; i >= 0; i--) if (prefix[i] !== ids[i]) return false;
  return true;
}

/** Forbids the tokens whose bit is not set, and those beyond the mask. */
export function maskLogits(logits: Float32Array, mask: Uint32Array): void {
  for (let w = 0; w * 32 < logits.length; w++) {
    const word = w < mask.length ? mask[w] : 0;
    const end = Math.min(logits.length, w * 32 + 32);
    if (word === 0) logits.fill(Number.NEGATIVE_INFINITY, w * 32, end);
    else if (word !== 0xffffffff) {
      for (let id = w * 32; id < end; id++) if (((word >>> (id & 31)) & 1) === 0) logits[id] = Number.NEGATIVE_INFINITY;
    }
  }
}
