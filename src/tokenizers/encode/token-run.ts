/** What a token has besides its id, in lists with one entry a token. */
export interface Details {
  tokens: string[];
  /** In code points of the text that was given; 0 and 0 for tokens that were added. */
  starts: number[];
  ends: number[];
  wordIds: (number | null)[];
}

/** What all tokens of a run have in common. */
export interface Origin {
  typeId: number;
  /** Null for tokens that were added. */
  sequenceId: number | null;
  isSpecial: boolean;
  isAttended: boolean;
}

/** Tokens in a row of one origin. Their details are worked out when first asked for, since most callers want ids alone. */
export class TokenRun {
  /** A plain list: most texts are short, and typed arrays are dear to make. */
  readonly ids: readonly number[];
  readonly origin: Origin;
  #details: Details | (() => Details);

  constructor(ids: readonly number[], origin: Origin, details: Details | (() => Details)) {
    this.ids = ids;
    this.origin = origin;
    this.#details = details;
  }

  /** Special tokens, which come from no text. */
  static special(ids: readonly number[], tokens: readonly string[], typeId: number): TokenRun {
    return outside(ids, tokens, { typeId, sequenceId: null, isSpecial: true, isAttended: true });
  }

  static padding(count: number, id: number, token: string, typeId: number): TokenRun {
    const origin = { typeId, sequenceId: null, isSpecial: true, isAttended: false };
    return outside(new Array(count).fill(id), new Array(count).fill(token), origin);
  }

  get length(): number {
    return this.ids.length;
  }

  get details(): Details {
    if (typeof this.#details === 'function') this.#details = this.#details();
    return this.#details;
  }

  slice(start: number, end: number): TokenRun {
    if (start <= 0 && end >= this.length) return this;
    return new TokenRun(this.ids.slice(start, end), this.origin, () => {
      const { tokens, starts, ends, wordIds } = this.details;
      return {
        tokens: tokens.slice(start, end),
        starts: starts.slice(start, end),
        ends: ends.slice(start, end),
        wordIds: wordIds.slice(start, end),
      };
    });
  }

  withTypeId(typeId: number): TokenRun {
    return typeId === this.origin.typeId
      ? this
      : new TokenRun(this.ids, { ...this.origin, typeId }, () => this.details);
  }

  /** The same tokens with other details. */
  withDetails(change: (details: Details) => Details): TokenRun {
    return new TokenRun(this.ids, this.origin, () => change(this.details));
  }
}

function outside(ids: readonly number[], tokens: readonly string[], origin: Origin): TokenRun {
  const zeros = new Array(ids.length).fill(0);
  const wordIds = new Array(ids.length).fill(null);
  return new TokenRun(ids, origin, { tokens: [...tokens], starts: zeros, ends: zeros, wordIds });
}
