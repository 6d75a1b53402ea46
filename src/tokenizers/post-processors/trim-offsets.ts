import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import type { Encoding } from '../encoding.ts';

const SPACE = BYTE_TO_CHAR[0x20];
const LEADING = new RegExp(`^[${SPACE}\\p{White_Space}]+`, 'u');
const TRAILING = new RegExp(`[${SPACE}\\p{White_Space}]+$`, 'u');

/** Leaves the white space at the ends of byte-level tokens out of their offsets. */
export function trimOffsets(encoding: Encoding, addPrefixSpace: boolean): void {
  for (const part of [encoding, ...encoding.overflowing]) {
    for (const [i, token] of part.tokens.entries()) {
      const start = part.starts[i];
      const end = part.ends[i];
      let leading = token.match(LEADING)?.[0].length ?? 0;
      const trailing = token.match(TRAILING)?.[0].length ?? 0;
      // A single space before the first token may be the one that the pre-tokenizer put there.
      if (leading === 1 && addPrefixSpace && (i === 0 || start === 0)) leading = 0;
      part.starts[i] = Math.min(start + leading, end);
      if (end >= trailing) part.ends[i] = Math.max(end - trailing, part.starts[i]);
    }
  }
}
