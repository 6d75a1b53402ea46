/** The result of encoding a text, with Hugging Face's fields. */
import { slidingWindows } from '../../support/sliding-windows.ts';
import { TokenRun } from './token-run.ts';

interface Lists {
  ids: number[];
  tokens: string[];
  starts: number[];
  ends: number[];
  wordIds: (number | null)[];
  typeIds: number[];
  sequenceIds: (number | null)[];
  specialTokensMask: number[];
  attentionMask: number[];
}

const NONE: readonly never[] = [];

/** What encoding a text gives: parallel lists, one entry a token, each made when it is first asked for. */
export class Encoding {
  /** What truncation cut off, in parts that overlap by the stride. */
  overflowing: readonly Encoding[] = NONE;
  #runs: readonly TokenRun[];
  #length: number;
  #made: Partial<Lists> | undefined;

  constructor(runs: readonly TokenRun[] = []) {
    this.#runs = runs;
    this.#length = 0;
    for (const run of runs) this.#length += run.length;
  }

  get length(): number {
    return this.#length;
  }

  /** The lists so far. */
  get #lists(): Partial<Lists> {
    this.#made ??= {};
    return this.#made;
  }

  get ids(): number[] {
    this.#lists.ids ??= this.#gather(run => run.ids);
    return this.#lists.ids;
  }

  get tokens(): string[] {
    this.#lists.tokens ??= this.#gather(run => run.details.tokens);
    return this.#lists.tokens;
  }

  /** Where each token begins in the text that was given, in code points; 0 for tokens that were added. */
  get starts(): number[] {
    this.#lists.starts ??= this.#gather(run => run.details.starts);
    return this.#lists.starts;
  }

  /** Where each token ends. */
  get ends(): number[] {
    this.#lists.ends ??= this.#gather(run => run.details.ends);
    return this.#lists.ends;
  }

  /** `starts` and `ends` in pairs. */
  get offsets(): (readonly [start: number, end: number])[] {
    const { starts, ends } = this;
    return starts.map((start, i) => [start, ends[i]]);
  }

  /** The pre-token, or the given word, that each token is part of; null for tokens that were added. */
  get wordIds(): (number | null)[] {
    this.#lists.wordIds ??= this.#gather(run => run.details.wordIds);
    return this.#lists.wordIds;
  }

  get typeIds(): number[] {
    this.#lists.typeIds ??= this.#repeat(run => run.origin.typeId);
    return this.#lists.typeIds;
  }

  /** 0 for the first text, 1 for the second, null for tokens that were added. */
  get sequenceIds(): (number | null)[] {
    this.#lists.sequenceIds ??= this.#repeat(run => run.origin.sequenceId);
    return this.#lists.sequenceIds;
  }

  get specialTokensMask(): number[] {
    this.#lists.specialTokensMask ??= this.#repeat(run => (run.origin.isSpecial ? 1 : 0));
    return this.#lists.specialTokensMask;
  }

  get attentionMask(): number[] {
    this.#lists.attentionMask ??= this.#repeat(run => (run.origin.isAttended ? 1 : 0));
    return this.#lists.attentionMask;
  }

  /** All lists. */
  toJSON(): Lists & { overflowing: object[] } {
    const { ids, tokens, starts, ends, wordIds, typeIds, sequenceIds, specialTokensMask, attentionMask } = this;
    const overflowing = this.overflowing.map(part => part.toJSON());
    return {
      ids,
      tokens,
      starts,
      ends,
      wordIds,
      typeIds,
      sequenceIds,
      specialTokensMask,
      attentionMask,
      overflowing,
    };
  }

  /** What `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](
    _: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ) {
    const { ids, tokens, offsets, overflowing } = this;
    const more = overflowing.length > 0 && { overflowing };
    return `Encoding ${inspect({ ids, tokens, offsets, ...more }, options)}`;
  }

  /** All tokens, one after the other. Overflowing parts are combined each with each. */
  static concat(parts: readonly Encoding[]): Encoding {
    if (parts.length === 1) return parts[0];
    if (parts.every(part => part.overflowing.length === 0)) return new Encoding(parts.flatMap(part => part.#runs));
    return parts.reduce((whole, part) => whole.#followedBy(part));
  }

  slice(start: number, end = this.length): Encoding {
    const runs: TokenRun[] = [];
    let at = 0;
    for (const run of this.#runs) {
      const [from, to] = [Math.max(0, start - at), Math.min(run.length, end - at)];
      if (from < to) runs.push(run.slice(from, to));
      at += run.length;
    }
    return new Encoding(runs);
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
    const windows = slidingWindows(length, { size: maxLength, step: maxLength - stride });
    const [first, ...rest] = windows.map(({ begin, end }) =>
      side === 'right' ? this.slice(begin, end) : this.slice(length - end, length - begin),
    );
    first.overflowing = rest;
    return first;
  }

  /** Pads this encoding and its overflowing parts to `length`, in place. */
  pad(length: number, { id, token, typeId, side }: PadToken): void {
    for (const part of this.overflowing) part.pad(length, { id, token, typeId, side });
    const missing = length - this.length;
    if (missing <= 0) return;
    const padding = TokenRun.padding(missing, id, token, typeId);
    this.#replace(side === 'left' ? [padding, ...this.#runs] : [...this.#runs, padding]);
  }

  /** This encoding, without its overflowing parts, between other tokens. */
  between(before: readonly TokenRun[], after: readonly TokenRun[]): Encoding {
    return new Encoding([...before, ...this.#runs, ...after]);
  }

  setTypeIds(typeId: number): void {
    if (this.#runs.some(run => run.origin.typeId !== typeId))
      this.#replace(this.#runs.map(run => run.withTypeId(typeId)));
  }

  /** Replaces each run, of which `change` is told how many tokens precede it. */
  changeRuns(change: (run: TokenRun, at: number) => TokenRun): void {
    const runs: TokenRun[] = [];
    let at = 0;
    for (const run of this.#runs) {
      runs.push(change(run, at));
      at += run.length;
    }
    this.#replace(runs);
  }

  #replace(runs: readonly TokenRun[]): void {
    this.#runs = runs;
    this.#length = 0;
    for (const run of runs) this.#length += run.length;
    this.#made = undefined;
  }

  #gather<Item>(listOf: (run: TokenRun) => ArrayLike<Item>): Item[] {
    const all: Item[] = [];
    for (const run of this.#runs) {
      const list = listOf(run);
      for (let i = 0; i < list.length; i++) all.push(list[i]);
    }
    return all;
  }

  #repeat<Item>(itemOf: (run: TokenRun) => Item): Item[] {
    const all: Item[] = [];
    for (const run of this.#runs) {
      const value = itemOf(run);
      for (let i = run.length; i > 0; i--) all.push(value);
    }
    return all;
  }

  #followedBy(other: Encoding): Encoding {
    const overflowing: Encoding[] = [];
    for (const mine of this.overflowing) {
      overflowing.push(mine.#joined(other));
      for (const theirs of other.overflowing) overflowing.push(mine.#joined(theirs));
    }
    for (const theirs of other.overflowing) overflowing.push(this.#joined(theirs));
    const both = this.#joined(other);
    both.overflowing = overflowing;
    return both;
  }

  #joined(other: Encoding): Encoding {
    return new Encoding([...this.#runs, ...other.#runs]);
  }
}

/** The token that pads sequences to one length. */
export interface PadToken {
  id: number;
  token: string;
  typeId: number;
  side: 'left' | 'right';
}
