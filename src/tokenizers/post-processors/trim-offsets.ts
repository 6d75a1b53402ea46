/** Offsets without the white space of byte-level tokens. */
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import type { Encoding } from '../encode/encoding.ts';
import type { Details } from '../encode/token-run.ts';

const SPACE = BYTE_TO_CHAR[0x20];
const LEADING = new RegExp(`^[${SPACE}\\p{White_Space}]+`, 'u');
const TRAILING = new RegExp(`[${SPACE}\\p{White_Space}]+$`, 'u');

/** Leaves the white space at the ends of byte-level tokens out of their offsets. */
export function trimOffsets(encoding: Encoding, addPrefixSpace: boolean): void {
  encoding.changeRuns((run, at) => run.withDetails(details => trimmed(details, at === 0, addPrefixSpace)));
  for (const part of encoding.overflowing) trimOffsets(part, addPrefixSpace);
}

function trimmed({ tokens, starts, ends, wordIds }: Details, isFirst: boolean, addPrefixSpace: boolean): Details {
  const [newStarts, newEnds] = [[...starts], [...ends]];
  for (const [i, token] of tokens.entries()) {
    const [start, end] = [starts[i], ends[i]];
    let leading = token.match(LEADING)?.[0].length ?? 0;
    const trailing = token.match(TRAILING)?.[0].length ?? 0;
    // A single space before the first token may be the one that the pre-tokenizer put there.
    if (leading === 1 && addPrefixSpace && ((isFirst && i === 0) || start === 0)) leading = 0;
    newStarts[i] = Math.min(start + leading, end);
    if (end >= trailing) newEnds[i] = Math.max(end - trailing, newStarts[i]);
  }
  return { tokens, starts: newStarts, ends: newEnds, wordIds };
}
