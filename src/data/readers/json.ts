/** JSON that holds records: what a `.json` file is, and an array of records cut into them. */

/**
 * `array`: of records; `lines`: one record a line; `value`: a single one, as settings and notebooks are.
 *
 * @param beginning in UTF-8
 */
export function jsonKind(beginning: Uint8Array): 'array' | 'lines' | 'value' {
  const text = Buffer.from(beginning.buffer, beginning.byteOffset, beginning.byteLength).toString();
  if (/^\s*\[\s*\{/.test(text)) return 'array';
  const [first, second] = text.trimStart().split(/\r?\n/, 2);
  if (!first.startsWith('{')) return 'value';
  try {
    JSON.parse(first);
  } catch {
    return 'value';
  }
  return second === undefined || second.trim() === '' || second.startsWith('{') ? 'lines' : 'value';
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA] = Buffer.from('"\\{}[],');

/**
 * Cuts an array into its elements as it arrives: bytes that hold whole ones, and where each ends. What follows the array
 * is left out. The last elements of an array that is cut short are given as they are, for the parser to refuse.
 */
export async function* splitArray(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ bytes: Uint8Array; ends: Uint32Array }> {
  let rest: Uint8Array = new Uint8Array(0);
  /** How far `rest` was looked at, and the state there. */
  let at = 0;
  let start = 0;
  let depth = 0;
  let inString = false;
  let isOver = false;
  for await (const piece of stream) {
    if (isOver) continue;
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const elements: [from: number, to: number][] = [];
    for (; at < rest.length && !isOver; at++) {
      const byte = rest[at];
      if (inString) {
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else if (byte === OPEN || byte === OPEN_LIST) {
        if (++depth === 1) start = at + 1;
      } else if (byte === CLOSE || byte === CLOSE_LIST) {
        if (--depth > 0) continue;
        elements.push([start, at]);
        isOver = true;
      } else if (byte === COMMA && depth === 1) {
        elements.push([start, at]);
        start = at + 1;
      }
    }
    const whole = elements.filter(([from, to]) => !isWhite(rest.subarray(from, to)));
    if (whole.length > 0) yield pack(rest, whole);
    rest = rest.slice(start);
    at -= start;
    start = 0;
  }
  if (!isOver && !isWhite(rest)) yield pack(rest, [[0, rest.length]]);
}

const isWhite = (bytes: Uint8Array): boolean =>
  bytes.length < 64 && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1').trim() === '';

function pack(bytes: Uint8Array, ranges: readonly [number, number][]): { bytes: Uint8Array; ends: Uint32Array } {
  const ends = new Uint32Array(ranges.length);
  let size = 0;
  for (const [i, [from, to]] of ranges.entries()) ends[i] = size += to - from;
  return { bytes: Buffer.concat(ranges.map(([from, to]) => bytes.subarray(from, to))), ends };
}
