/** What a tokenizer does not know of a text, and what that costs: a token for the unknown hides what it stands for. */
import type { Tokenizer } from '../tokenizer.ts';

export interface UnknownText {
  /** Tokens that stand for the unknown. */
  tokens: number;
  /** UTF-8 bytes of the text that they stand for. */
  bytes: number;
}

/** The unknown part of a text; `ids` are its tokens. A text that spells the unknown token out means it. */
export function unknownIn(tokenizer: Tokenizer, text: string, ids: ArrayLike<number>): UnknownText {
  const id = tokenizer.unknownId;
  const result = { tokens: 0, bytes: 0 };
  if (id === undefined || Array.prototype.indexOf.call(ids, id) < 0) return result;
  const spelling = tokenizer.idToToken(id);
  const encoding = tokenizer.encode(text, { addSpecialTokens: false });
  const characters = [...text];
  for (const [i, token] of encoding.ids.entries()) {
    if (token !== id) continue;
    const hidden = characters.slice(...encoding.offsets[i]).join('');
    if (hidden === spelling) continue;
    result.tokens++;
    result.bytes += Buffer.byteLength(hidden);
  }
  return result;
}

/**
 * Bits to spell out what unknown tokens hide, each of 256 bytes and the end equally probable. Without them a tokenizer that
 * knows nothing would seem to predict everything.
 */
export const unknownBits = ({ tokens, bytes }: UnknownText): number => (bytes + tokens) * Math.log2(257);
