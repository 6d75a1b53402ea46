/**
 * Keeps a text of byte tokens UTF-8: a token is forbidden where its bytes cannot follow the bytes before it. What no text
 * holds is never drawn, and everything else is as probable as it was beside the rest. For sampling: search takes the most
 * probable tokens as they are.
 */
import { fromByteChars } from '../tokenizers/byte-alphabet.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { LogitsProcessor } from './logits-processors/index.ts';

/**
 * Where a character of UTF-8 stands: whole, or how many bytes it wants and which of them the next may be (RFC 3629): after
 * E0, ED, F0 and F4 not every continuation byte makes a character.
 */
const STATES: readonly (readonly [rest: number, from: number, to: number])[] = [
  [0, 0, 0],
  [1, 0x80, 0xbf],
  [2, 0x80, 0xbf],
  [3, 0x80, 0xbf],
  [2, 0xa0, 0xbf],
  [2, 0x80, 0x9f],
  [3, 0x90, 0xbf],
  [3, 0x80, 0x8f],
];
const WHOLE = 0;
const INVALID = -1;

function next(state: number, byte: number): number {
  if (state !== WHOLE) {
    const [rest, from, to] = STATES[state];
    return byte >= from && byte <= to ? rest - 1 : INVALID;
  }
  if (byte < 0x80) return WHOLE;
  if (byte < 0xc2 || byte > 0xf4) return INVALID;
  if (byte < 0xe0) return 1;
  if (byte < 0xf0) return byte === 0xe0 ? 4 : byte === 0xed ? 5 : 2;
  return byte === 0xf0 ? 6 : byte === 0xf4 ? 7 : 3;
}

function after(state: number, bytes: Uint8Array): number {
  let at = state;
  for (let i = 0; i < bytes.length && at !== INVALID; i++) at = next(at, bytes[i]);
  return at;
}

/** Tokens that the longest character can be spread over, and one more. */
const LONGEST = 4;

const FALLBACK_BYTE = /^<0x([0-9A-F]{2})>$/;

const known = new WeakMap<Tokenizer, LogitsProcessor | null>();

/** Nothing for tokenizers without tokens of bytes, whose tokens are whole characters anyway. */
export function wholeCharacters(tokenizer: Tokenizer): LogitsProcessor | undefined {
  let processor = known.get(tokenizer);
  if (processor === undefined) {
    processor = processorFor(tokenizer) ?? null;
    known.set(tokenizer, processor);
  }
  return processor ?? undefined;
}

function processorFor(tokenizer: Tokenizer): LogitsProcessor | undefined {
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id) ?? '');
  const isFallback = tokens.some(token => FALLBACK_BYTE.test(token));
  if (!tokenizer.isByteLevel && !isFallback) return undefined;
  const bytes = tokens.map(token => {
    if (tokenizer.isByteLevel) return fromByteChars(token);
    const byte = FALLBACK_BYTE.exec(token);
    return byte ? Uint8Array.of(Number.parseInt(byte[1], 16)) : WHOLE_TEXT;
  });
  /** Ids that can follow in each state, and those that cannot. */
  const followers = new Map<number, { allowed: number[]; forbidden: number[] }>();
  const followersOf = (state: number): { allowed: number[]; forbidden: number[] } => {
    let ids = followers.get(state);
    if (!ids) {
      ids = { allowed: [], forbidden: [] };
      for (const [id, own] of bytes.entries()) ids[after(state, own) === INVALID ? 'forbidden' : 'allowed'].push(id);
      followers.set(state, ids);
    }
    return ids;
  };
  return (inputIds, logits) => {
    const { allowed, forbidden } = followersOf(stateOf(inputIds, bytes));
    // Where other processors leave nothing else, half a character is better than nothing.
    if (!allowed.some(id => logits[id] > Number.NEGATIVE_INFINITY)) return;
    for (const id of forbidden) logits[id] = Number.NEGATIVE_INFINITY;
  };
}

/** A token that is whole characters. */
const WHOLE_TEXT = Uint8Array.of(0x20);

/** The state after a text; a text that is no UTF-8 starts anew where it is none. */
function stateOf(ids: ArrayLike<number>, bytes: readonly Uint8Array[]): number {
  let state = WHOLE;
  for (let i = Math.max(0, ids.length - LONGEST); i < ids.length; i++) {
    for (const byte of bytes[ids[i]] ?? []) {
      const reached = next(state, byte);
      state = reached === INVALID ? Math.max(WHOLE, next(WHOLE, byte)) : reached;
    }
  }
  return state;
}
