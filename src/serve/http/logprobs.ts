/** Log-probabilities, in the two forms that OpenAI's API has. */
import type { TokenInfo } from '../../engine/protocol.ts';

type Piece = Pick<TokenInfo, 'text' | 'bytes'>;

/** A token that is half a character is written as its bytes. */
const isPartial = ({ text, bytes }: Piece): boolean => bytes.length > 0 && (text === '' || text.includes('\ufffd'));
const escaped = (bytes: readonly number[]): string =>
  bytes.map(byte => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
const nameOf = (piece: Piece): string => (isPartial(piece) ? escaped(piece.bytes) : piece.text);
const legacyNameOf = (piece: Piece): string => (isPartial(piece) ? `bytes:${escaped(piece.bytes)}` : piece.text);

/** JSON has no infinity: a token that was ruled out. */
const finite = (logprob: number | null): number => (logprob === null ? 0 : Math.max(logprob, -9999));

/** `logprobs.content` of a chat's choice. */
export const chatLogprobs = (tokens: readonly TokenInfo[]) =>
  tokens.map(token => ({
    token: nameOf(token),
    logprob: finite(token.logprob),
    bytes: token.bytes,
    top_logprobs: (token.top ?? []).map(one => ({
      token: nameOf(one),
      logprob: finite(one.logprob),
      bytes: one.bytes,
    })),
  }));

export interface LegacyLogprobs {
  tokens: string[];
  token_logprobs: (number | null)[];
  /** By text; the token itself is always among them. */
  top_logprobs: (Record<string, number> | null)[];
  /** Where each token begins, in code points. */
  text_offset: number[];
}

/** `logprobs` of a completion's choice. `offset` is where the text begins; call it anew for each piece. */
export function createLegacyLogprobs(): (tokens: readonly TokenInfo[]) => LegacyLogprobs {
  let offset = 0;
  return tokens => ({
    tokens: tokens.map(legacyNameOf),
    token_logprobs: tokens.map(({ logprob }) => (logprob === null ? null : finite(logprob))),
    top_logprobs: tokens.map(token =>
      token.logprob === null
        ? null
        : Object.fromEntries(
            [...(token.top ?? []), { ...token, logprob: token.logprob }].map(one => [
              legacyNameOf(one),
              finite(one.logprob),
            ]),
          ),
    ),
    text_offset: tokens.map(({ bytes }) => {
      const begin = offset;
      for (const byte of bytes) if ((byte & 0xc0) !== 0x80) offset++; // first bytes of characters
      return begin;
    }),
  });
}
