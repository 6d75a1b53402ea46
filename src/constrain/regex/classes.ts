/** Classes of characters of ECMAScript's regular expressions, by what JavaScript itself says of each character. */
import { type CodePoints, codePoints, LAST_CODE_POINT } from '../automata/code-points.ts';

export const DIGIT = codePoints([[0x30, 0x39]]);
export const WORD = codePoints([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
export const SPACE = codePoints([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
export const LINE_END = codePoints([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]);

const properties = new Map<string, CodePoints>();

/** The characters of `\p{…}`; undefined where there is no such property. */
export function unicodeProperty(name: string): CodePoints | undefined {
  const known = properties.get(name);
  if (known) return known;
  let regex: RegExp;
  try {
    regex = new RegExp(`\\p{${name}}+`, 'gu');
  } catch {
    return undefined;
  }
  const ranges: [number, number][] = [];
  for (const { 0: run } of everyCharacter().matchAll(regex)) {
    // A run of the text is a run of code points, but for the surrogates that it leaves out.
    ranges.push([run.codePointAt(0)!, [...run.slice(-2)].at(-1)!.codePointAt(0)!]);
  }
  const set = codePoints(ranges);
  properties.set(name, set);
  return set;
}

let all: string | undefined;

function everyCharacter(): string {
  if (all !== undefined) return all;
  const parts: string[] = [];
  for (let first = 0; first <= LAST_CODE_POINT; first += 0x400) {
    if (first >= 0xd800 && first <= 0xdfff) continue;
    parts.push(String.fromCodePoint(...Array.from({ length: 0x400 }, (_, i) => first + i)));
  }
  all = parts.join('');
  return all;
}
