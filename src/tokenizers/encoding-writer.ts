import type { AlignedText } from './aligned-text.ts';
import { isPair } from './byte-bpe/char-classes.ts';
import type { Encoding } from './encoding.ts';
import type { ModelToken } from './models/model.ts';

/** Appends the tokens of one text to an encoding, with offsets in code points of that text. */
export class EncodingWriter {
  readonly #encoding: Encoding;
  /** From UTF-16 units to code points; undefined where they are the same. */
  readonly #codePoints: Uint32Array | undefined;
  readonly #wordId: number | undefined;
  #words = 0;

  /** @param wordId the number of the given word, for texts that come split; pre-tokens are counted otherwise */
  constructor(encoding: Encoding, codePoints: Uint32Array | undefined, wordId?: number) {
    this.#encoding = encoding;
    this.#codePoints = codePoints;
    this.#wordId = wordId;
  }

  /** The tokens of the pre-token `text`. */
  word(tokens: readonly ModelToken[], text: AlignedText): void {
    const wordId = this.#wordId ?? this.#words;
    for (const { id, token, start, end } of tokens) {
      this.#push(id, token, text.originalStart(start), text.originalEnd(end), wordId);
    }
    this.#words++;
  }

  /** The tokens of a pre-token, with offsets in the text as given less `base`. */
  givenWord(tokens: readonly ModelToken[], base: number): void {
    const wordId = this.#wordId ?? this.#words;
    for (const { id, token, start, end } of tokens) this.#push(id, token, base + start, base + end, wordId);
    this.#words++;
  }

  /**
   * The byte-level tokens `ids[from]` to `ids[to - 1]` of `units[start, stop)`, which begin `base` units into the text.
   * A token that holds a part of a character stands for the whole of it.
   */
  byteWord(
    units: Uint16Array,
    start: number,
    stop: number,
    base: number,
    ids: Int32Array,
    from: number,
    to: number,
    strings: readonly string[],
  ): void {
    const wordId = this.#wordId ?? this.#words;
    let unit = start;
    /** Bytes of the character at `unit` that the tokens so far have taken. */
    let taken = 0;
    for (let i = from; i < to; i++) {
      const token = strings[ids[i]];
      const first = unit;
      let bytes = token.length;
      while (bytes > 0 && unit < stop) {
        const left = utf8Length(units, unit, stop) - taken;
        if (bytes < left) {
          taken += bytes;
          break;
        }
        bytes -= left;
        taken = 0;
        unit += unitsOf(units, unit, stop);
      }
      const last = taken > 0 ? unit + unitsOf(units, unit, stop) : unit;
      this.#push(ids[i], token, base + first, base + last, wordId);
    }
    this.#words++;
  }

  #push(id: number, token: string, start: number, end: number, wordId: number): void {
    const table = this.#codePoints;
    if (table) this.#encoding.push(id, token, table[start], table[end], wordId);
    else this.#encoding.push(id, token, start, end, wordId);
  }
}

const unitsOf = (units: Uint16Array, at: number, end: number): number => (isPair(units, at, end) ? 2 : 1);

function utf8Length(units: Uint16Array, at: number, end: number): number {
  const unit = units[at];
  return unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair(units, at, end) ? 4 : 3;
}
