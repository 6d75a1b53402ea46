/** A cache of the tokens of pre-tokens. */
import type { ModelToken } from './model.ts';

/** Pre-tokens up to this many UTF-16 units are remembered: longer ones seldom come again. */
const LONGEST = 256;
const ENTRIES = 20_000;

/** What a model made of the pre-tokens seen lately. */
export class TokenCache {
  readonly #tokens = new Map<string, readonly ModelToken[]>();
  readonly #tokenize: (piece: string) => readonly ModelToken[];

  constructor(tokenize: (piece: string) => readonly ModelToken[]) {
    this.#tokenize = tokenize;
  }

  get(piece: string): readonly ModelToken[] {
    const known = this.#tokens.get(piece);
    if (known) return known;
    const tokens = this.#tokenize(piece);
    if (piece.length <= LONGEST) {
      if (this.#tokens.size >= ENTRIES) this.#tokens.clear();
      this.#tokens.set(piece, tokens);
    }
    return tokens;
  }
}
