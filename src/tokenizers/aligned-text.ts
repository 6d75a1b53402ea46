/**
 * A piece of text that remembers where in the original text each of its UTF-16 units came from, through any number of
 * normalizations and splits (the `NormalizedString` of Hugging Face tokenizers). Offsets are UTF-16 units of the
 * original; the tokenizer turns them into code points at the very end.
 */
export class AlignedText {
  readonly text: string;
  readonly #base: number;
  /** For changed text, the original range of each unit. */
  readonly #starts: Uint32Array | undefined;
  readonly #ends: Uint32Array | undefined;

  private constructor(text: string, base: number, starts?: Uint32Array, ends?: Uint32Array) {
    this.text = text;
    this.#base = base;
    this.#starts = starts;
    this.#ends = ends;
  }

  static of(text: string): AlignedText {
    return new AlignedText(text, 0);
  }

  get length(): number {
    return this.text.length;
  }

  /** Where the text begins in the original, if it is an unchanged part of it. */
  get unchangedFrom(): number | undefined {
    return this.#starts ? undefined : this.#base;
  }

  /** Where the unit at `index` begins in the original. */
  originalStart(index: number): number {
    return this.#starts ? this.#starts[index] : this.#base + index;
  }

  /** Where the unit before `index` ends in the original. */
  originalEnd(index: number): number {
    return this.#ends ? this.#ends[index - 1] : this.#base + index;
  }

  slice(start: number, end: number): AlignedText {
    return new AlignedText(
      this.text.slice(start, end),
      this.#base + start,
      this.#starts?.subarray(start, end),
      this.#ends?.subarray(start, end),
    );
  }

  /** The same text with every code point replaced; all units of a replacement stand where the code point stood. */
  mapCodePoints(map: (char: string) => string): AlignedText {
    const builder = new AlignedTextBuilder(this);
    let index = 0;
    for (const char of this.text) {
      builder.put(map(char), index, index + char.length);
      index += char.length;
    }
    return builder.build();
  }

  /** Another text of the same length, unit by unit aligned with this one. */
  withUnits(text: string): AlignedText {
    if (text === this.text) return this;
    const { length } = this;
    const starts = this.#starts ?? Uint32Array.from({ length }, (_, i) => this.#base + i);
    const ends = this.#ends ?? Uint32Array.from({ length }, (_, i) => this.#base + i + 1);
    return new AlignedText(text, 0, starts, ends);
  }

  /** A changed text from its units and their original ranges. */
  changedTo(text: string, starts: Uint32Array, ends: Uint32Array): AlignedText {
    return new AlignedText(text, 0, starts, ends);
  }
}

/** Builds a changed `AlignedText` from left to right. */
export class AlignedTextBuilder {
  readonly #source: AlignedText;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #text = '';

  constructor(source: AlignedText) {
    this.#source = source;
  }

  /** Appends `text`, every unit of it aligned with `[start, end)` of the source. */
  put(text: string, start: number, end: number): void {
    const originalStart = this.#source.originalStart(start);
    const originalEnd = this.#source.originalEnd(end);
    this.#text += text;
    for (let i = 0; i < text.length; i++) {
      this.#starts.push(originalStart);
      this.#ends.push(originalEnd);
    }
  }

  /** Appends `[start, end)` of the source unchanged. */
  keep(start: number, end: number): void {
    const { text } = this.#source;
    for (let i = start; i < end; ) {
      const length = text.codePointAt(i)! > 0xffff ? 2 : 1;
      this.put(text.slice(i, i + length), i, i + length);
      i += length;
    }
  }

  build(): AlignedText {
    return this.#source.changedTo(this.#text, Uint32Array.from(this.#starts), Uint32Array.from(this.#ends));
  }
}

/** Offsets of UTF-16 units counted as code points: `table[unit]`, or undefined where the two are the same. */
export function codePointOffsets(text: string): Uint32Array | undefined {
  if (!/[\ud800-\udbff]/.test(text)) return undefined;
  const table = new Uint32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length; ) {
    const length = text.codePointAt(i)! > 0xffff ? 2 : 1;
    table[i] = count++;
    if (length === 2) table[i + 1] = count;
    i += length;
  }
  table[text.length] = count;
  return table;
}
