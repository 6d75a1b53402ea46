/**
 * Ranges of code points as sequences of byte ranges of UTF-8 (the construction of Thompson's grep, described by Cox,
 * "Regular Expression Matching in the Wild", 2010).
 */

/** One range for each byte. */
export type ByteSequence = (readonly [low: number, high: number])[];

/** The last code points of one, two, three and four bytes. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/** The sequences that together match the UTF-8 of every code point of the range, which holds no surrogate. */
export function utf8Sequences(low: number, high: number): ByteSequence[] {
  const sequences: ByteSequence[] = [];
  let first = low;
  for (const [index, last] of LAST_OF_LENGTH.entries()) {
    if (first > Math.min(last, high)) continue;
    aligned(first, Math.min(last, high), index, sequences);
    first = last + 1;
  }
  return sequences;
}

/** Splits a range of code points of one length until each continuation byte ranges independently of the others. */
function aligned(low: number, high: number, continuations: number, out: ByteSequence[]): void {
  for (let i = 1; i <= continuations; i++) {
    const tail = (1 << (6 * i)) - 1;
    if ((low & ~tail) === (high & ~tail)) continue;
    if ((low & tail) !== 0) {
      aligned(low, low | tail, continuations, out);
      aligned((low | tail) + 1, high, continuations, out);
      return;
    }
    if ((high & tail) !== tail) {
      aligned(low, (high & ~tail) - 1, continuations, out);
      aligned(high & ~tail, high, continuations, out);
      return;
    }
  }
  const first = utf8(low, continuations);
  const last = utf8(high, continuations);
  out.push(first.map((byte, i) => [byte, last[i]]));
}

function utf8(codePoint: number, continuations: number): number[] {
  if (continuations === 0) return [codePoint];
  const lead = [0, 0xc0, 0xe0, 0xf0][continuations] | (codePoint >> (6 * continuations));
  const rest = Array.from(
    { length: continuations },
    (_, i) => 0x80 | ((codePoint >> (6 * (continuations - 1 - i))) & 0x3f),
  );
  return [lead, ...rest];
}
