/** Tokens and offsets of byte-level BPE, made when they are asked for. */
import type { Section } from '../added-tokens.ts';
import type { Details } from '../encode/token-run.ts';

/**
 * The strings and offsets, in UTF-16 units, of byte-level tokens that lie side by side in sections of a text. A token
 * that holds a part of a character stands for the whole of it.
 *
 * @param ids may end before the sections do
 * @param strings of all tokens
 */
export function byteDetails(
  sections: readonly Section[],
  ids: readonly number[],
  strings: readonly string[],
): Omit<Details, 'wordIds'> {
  const [tokens, starts, ends]: [string[], number[], number[]] = [[], [], []];
  let i = 0;
  for (const { text: section, id } of sections) {
    const base = section.unchangedFrom!;
    const { text } = section;
    if (id !== undefined && i < ids.length) {
      tokens.push(text);
      starts.push(base);
      ends.push(base + text.length);
      i++;
      continue;
    }
    let unit = 0;
    /** Bytes of the character at `unit` that the tokens so far have taken. */
    let taken = 0;
    for (; unit < text.length && i < ids.length; i++) {
      const token = strings[ids[i]];
      tokens.push(token);
      starts.push(base + unit);
      let bytes = token.length;
      let isPart = false;
      while (bytes > 0) {
        const code = text.charCodeAt(unit);
        const left = utf8Length(code) - taken;
        isPart = bytes < left;
        if (isPart) {
          taken += bytes;
          break;
        }
        bytes -= left;
        taken = 0;
        unit += isHighSurrogate(code) ? 2 : 1;
      }
      ends.push(base + unit + (isPart ? (isHighSurrogate(text.charCodeAt(unit)) ? 2 : 1) : 0));
    }
  }
  return { tokens, starts, ends };
}

const isHighSurrogate = (code: number): boolean => (code & 0xfc00) === 0xd800;

/** Bytes of the character that begins with a unit of well-formed text. */
const utf8Length = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : isHighSurrogate(code) ? 4 : 3);
