/** What encoding a text gives: parallel lists, one entry a token. */
export class Encoding {
  ids: number[] = [];
  tokens: string[] = [];
  /** Where the token begins and ends in the text that was given, in code points; 0 and 0 for tokens that were added. */
  starts: number[] = [];
  ends: number[] = [];
  /** The pre-token, or the given word, that the token is part of; null for tokens that were added. */
  wordIds: (number | null)[] = [];
  typeIds: number[] = [];
  /** 0 for the first text, 1 for the second, null for tokens that were added. */
  sequenceIds: (number | null)[] = [];
  specialTokensMask: number[] = [];
  attentionMask: number[] = [];
  /** What truncation cut off, in parts that overlap by the stride. */
  overflowing: Encoding[] = [];
  #offsets: [start: number, end: number][] | undefined;

  /** `starts` and `ends` in pairs; made when first asked for, since most callers never do. */
  get offsets(): readonly (readonly [start: number, end: number])[] {
    this.#offsets ??= this.starts.map((start, i) => [start, this.ends[i]]);
    return this.#offsets;
  }

  get length(): number {
    return this.ids.length;
  }

  /** Appends a token of a text; `complete` fills in the lists that are alike for all of them. */
  push(id: number, token: string, start: number, end: number, wordId: number): void {
    this.ids.push(id);
    this.tokens.push(token);
    this.starts.push(start);
    this.ends.push(end);
    this.wordIds.push(wordId);
  }

  /** Ends the pushing of the tokens of text `sequenceId`. */
  complete(sequenceId: number): this {
    this.typeIds = new Array(this.length).fill(sequenceId);
    this.sequenceIds = new Array(this.length).fill(sequenceId);
    this.specialTokensMask = new Array(this.length).fill(0);
    this.attentionMask = new Array(this.length).fill(1);
    return this;
  }

  /** Tokens that come from no text. */
  static special(ids: readonly number[], tokens: readonly string[], typeId: number): Encoding {
    const encoding = Encoding.#outside(ids.length);
    encoding.ids = [...ids];
    encoding.tokens = [...tokens];
    encoding.typeIds.fill(typeId);
    encoding.attentionMask.fill(1);
    return encoding;
  }

  /** All lists, one after the other. Overflowing parts are combined each with each. */
  static concat(parts: readonly Encoding[]): Encoding {
    const [first = new Encoding(), ...rest] = parts;
    return rest.reduce((whole, part) => whole.#followedBy(part), first);
  }

  slice(start: number, end?: number): Encoding {
    const part = new Encoding();
    part.ids = this.ids.slice(start, end);
    part.tokens = this.tokens.slice(start, end);
    part.starts = this.starts.slice(start, end);
    part.ends = this.ends.slice(start, end);
    part.wordIds = this.wordIds.slice(start, end);
    part.typeIds = this.typeIds.slice(start, end);
    part.sequenceIds = this.sequenceIds.slice(start, end);
    part.specialTokensMask = this.specialTokensMask.slice(start, end);
    part.attentionMask = this.attentionMask.slice(start, end);
    return part;
  }

  /**
   * The encoding cut to `maxLength`, what was cut off in `overflowing`; neighbours share `stride` tokens.
   * `stride` must be below `maxLength`, unless `maxLength` is 0.
   */
  truncated(maxLength: number, stride: number, side: 'left' | 'right'): Encoding {
    const { length } = this;
    if (maxLength >= length) return this;
    if (maxLength === 0) {
      const empty = new Encoding();
      empty.overflowing = [this];
      return empty;
    }
    const parts: Encoding[] = [];
    const step = maxLength - stride;
    if (side === 'right') {
      for (let start = 0; start < length; start += step) {
        parts.push(this.slice(start, start + maxLength));
        if (start + maxLength >= length) break;
      }
    } else {
      for (let end = length; end > 0; end -= step) {
        parts.push(this.slice(Math.max(0, end - maxLength), end));
        if (end <= maxLength) break;
      }
    }
    const [first, ...rest] = parts;
    first.overflowing = rest;
    return first;
  }

  /** Pads this encoding and its overflowing parts to `length`, in place. */
  pad(length: number, { id, token, typeId, side }: PadToken): void {
    for (const part of this.overflowing) part.pad(length, { id, token, typeId, side });
    const missing = length - this.length;
    if (missing <= 0) return;
    const padding = Encoding.#outside(missing);
    padding.ids.fill(id);
    padding.tokens.fill(token);
    padding.typeIds.fill(typeId);
    const { overflowing } = this;
    Object.assign(this, side === 'left' ? padding.#joined(this) : this.#joined(padding), { overflowing });
    this.#offsets = undefined;
  }

  setTypeIds(typeId: number): void {
    this.typeIds.fill(typeId);
  }

  /** Tokens that stand for no text and are not attended to. */
  static #outside(count: number): Encoding {
    const encoding = new Encoding();
    const zeros = (): number[] => new Array(count).fill(0);
    encoding.ids = zeros();
    encoding.tokens = new Array(count).fill('');
    encoding.starts = zeros();
    encoding.ends = zeros();
    encoding.wordIds = new Array(count).fill(null);
    encoding.typeIds = zeros();
    encoding.sequenceIds = new Array(count).fill(null);
    encoding.specialTokensMask = new Array(count).fill(1);
    encoding.attentionMask = zeros();
    return encoding;
  }

  #followedBy(other: Encoding): Encoding {
    const both = this.#joined(other);
    for (const mine of this.overflowing) {
      both.overflowing.push(mine.#joined(other));
      for (const theirs of other.overflowing) both.overflowing.push(mine.#joined(theirs));
    }
    for (const theirs of other.overflowing) both.overflowing.push(this.#joined(theirs));
    return both;
  }

  #joined(other: Encoding): Encoding {
    const both = new Encoding();
    both.ids = this.ids.concat(other.ids);
    both.tokens = this.tokens.concat(other.tokens);
    both.starts = this.starts.concat(other.starts);
    both.ends = this.ends.concat(other.ends);
    both.wordIds = this.wordIds.concat(other.wordIds);
    both.typeIds = this.typeIds.concat(other.typeIds);
    both.sequenceIds = this.sequenceIds.concat(other.sequenceIds);
    both.specialTokensMask = this.specialTokensMask.concat(other.specialTokensMask);
    both.attentionMask = this.attentionMask.concat(other.attentionMask);
    return both;
  }
}

export interface PadToken {
  id: number;
  token: string;
  typeId: number;
  side: 'left' | 'right';
}
