/** Tokens of an answer as pieces of its text, each with its probability and what else could have come. */

export interface Alternative {
  text: string;
  probability: number;
}

export interface Piece {
  text: string;
  /** Absent for text that came without. */
  probability?: number;
  alternatives: Alternative[];
}

/** A token as chat completions report it; `bytes` where a token is half a character. */
export interface ReportedToken {
  token: string;
  logprob: number;
  bytes?: number[] | null;
  top_logprobs?: { token: string; logprob: number }[];
}

/** Of `/v1/completions`. */
export interface ReportedTokens {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs?: (Record<string, number> | null)[] | null;
}

/**
 * Makes pieces of tokens as they arrive. A character that several tokens make up is shown with the last of them.
 */
export function pieceMaker(): (token: ReportedToken) => Piece {
  const decoder = new TextDecoder();
  return ({ token, logprob, bytes, top_logprobs: top = [] }) => ({
    text: bytes ? decoder.decode(Uint8Array.from(bytes), { stream: true }) : token,
    probability: Math.exp(logprob),
    alternatives: top.map(other => ({ text: other.token, probability: Math.exp(other.logprob) })),
  });
}

/** The tokens of a completion in the form of a chat's. */
export const reportedTokens = ({ tokens, token_logprobs, top_logprobs }: ReportedTokens): ReportedToken[] =>
  tokens.map((token, i) => ({
    token,
    logprob: token_logprobs[i] ?? 0,
    top_logprobs: Object.entries(top_logprobs?.[i] ?? {}).map(([other, logprob]) => ({ token: other, logprob })),
  }));

/**
 * Makes pieces that spell the text exactly, as text and tokens arrive. Servers leave out what tokens say beyond the answer
 * (a stop string, a first space), hold text back until it cannot be one, may send text without tokens, and report parts of
 * a character as `�`.
 */
export function pieceAligner(): (text: string, pieces: readonly Piece[]) => Piece[] {
  let pending: Piece[] = [];
  return (text, pieces) => {
    pending.push(...pieces);
    const shown: Piece[] = [];
    let rest = text;
    while (rest !== '' && pending.length > 0) {
      const [piece, ...later] = pending;
      const part = spelling(piece, rest) ?? rest.slice(0, distanceToNext(rest, later.slice(0, 4)));
      const isCut = part !== '' && part !== piece.text && piece.text.startsWith(part);
      pending = isCut ? [{ ...piece, text: piece.text.slice(part.length) }, ...later] : later;
      if (part !== '') shown.push({ ...piece, text: part });
      rest = rest.slice(part.length);
    }
    if (rest !== '') shown.push({ text: rest, alternatives: [] });
    return shown;
  };
}

/** How a piece begins the text: as it is, without its first space, or cut off where the text ends. */
function spelling({ text }: Piece, rest: string): string | undefined {
  if (rest.startsWith(text)) return text;
  const trimmed = text.trimStart();
  if (trimmed !== '' && rest.startsWith(trimmed)) return trimmed;
  return text.startsWith(rest) ? rest : undefined;
}

/** Characters until one of the next pieces is found again; none when they are nowhere near. */
function distanceToNext(rest: string, next: readonly Piece[]): number {
  const places = next.filter(({ text }) => text.trim() !== '').map(({ text }) => rest.indexOf(text));
  return places.find(place => place >= 0 && place <= 4) ?? 0;
}

/** How strongly a token is marked, 0 to 1: by its surprise, −log p, so that what was certain stays blank. */
export const surprise = (probability: number | undefined): number =>
  probability === undefined ? 0 : Math.min(1, -Math.log(Math.max(probability, 1e-9)) / 5);
