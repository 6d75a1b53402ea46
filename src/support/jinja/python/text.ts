/** Texts as Python sees them: a length and positions in code points, Unicode's white space. */

/** Inside a character class: what Python's `str.isspace` and `\s` accept. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const SPACE_CHAR = new RegExp(`^[${SPACE}]$`);

export const isSpace = (char: string): boolean => SPACE_CHAR.test(char);

/** Whether code units and code points of a text differ. */
const hasPairs = (text: string): boolean => /[\ud800-\udbff][\udc00-\udfff]/.test(text);

/** The code points of a text: an array, or the text itself where units are code points. */
export const codePoints = (text: string): ArrayLike<string> & { slice(from: number, to: number): string[] | string } =>
  hasPairs(text) ? Array.from(text) : text;

export const length = (text: string): number => codePoints(text).length;

/** Code points from `from` to before `to`, both within the text. */
export function slice(text: string, from: number, to: number): string {
  const part = codePoints(text).slice(from, to);
  return typeof part === 'string' ? part : part.join('');
}

/** The position in code points of a position in code units. */
export const pointIndex = (text: string, unit: number): number => length(text.slice(0, unit));

export function trimStart(text: string, isTrimmed: (char: string) => boolean = isSpace): string {
  const points = codePoints(text);
  let from = 0;
  while (from < points.length && isTrimmed(points[from])) from++;
  const rest = points.slice(from, points.length);
  return typeof rest === 'string' ? rest : rest.join('');
}

export function trimEnd(text: string, isTrimmed: (char: string) => boolean = isSpace): string {
  const points = codePoints(text);
  let to = points.length;
  while (to > 0 && isTrimmed(points[to - 1])) to--;
  const rest = points.slice(0, to);
  return typeof rest === 'string' ? rest : rest.join('');
}

const WORD = new RegExp(`[^${SPACE}]+`, 'g');

/** Words between white space, at most `most` splits from the left. */
export function splitSpace(text: string, most = Number.POSITIVE_INFINITY): string[] {
  const words: string[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (words.length >= most) return [...words, text.slice(index)];
    words.push(word);
  }
  return words;
}

const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let from = 0;
  for (const match of text.matchAll(LINE_END)) {
    const end = match.index + match[0].length;
    lines.push(text.slice(from, keepEnds ? end : match.index));
    from = end;
  }
  if (from < text.length) lines.push(text.slice(from));
  return lines;
}

/** By code points: negative, zero or positive. UTF-16 would order surrogates before U+E000. */
export function compareText(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let i = 0;
  while (i < shorter && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === shorter) return a.length - b.length;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  const isPair = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
  if (isPair(x) !== isPair(y)) return isPair(x) ? 1 : -1;
  return x - y;
}
