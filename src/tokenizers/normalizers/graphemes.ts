/**
 * Grapheme clusters (UAX 29) in one pass. `Intl.Segmenter` takes quadratic time for texts in which it finds no boundary that
 * it is sure of, such as line feeds in a row.
 */

const OTHER = 0;
const CR = 1;
const LF = 2;
const CONTROL = 3;
const EXTEND = 4;
const ZWJ = 5;
const REGIONAL_INDICATOR = 6;
const PREPEND = 7;
const SPACING_MARK = 8;
const L = 9;
const V = 10;
const T = 11;
const LV = 12;
const LVT = 13;
const PICTOGRAPHIC = 14;
/** What joins consonants of Indic scripts, besides being an `EXTEND`. */
const LINKER = 15;
const CONSONANT = 16;

const SPACING_NOT =
  '\\u102b\\u102c\\u1038\\u1062-\\u1064\\u1067-\\u106d\\u1083\\u1087-\\u108c\\u108f\\u109a-\\u109c\\u1a61\\u1a63\\u1a64\\uaa7b' +
  '\\uaa7d\\u{11720}\\u{11721}';
const CONSONANTS =
  '\\u0915-\\u0939\\u0958-\\u095f\\u0978-\\u097f\\u0995-\\u09a8\\u09aa-\\u09b0\\u09b2\\u09b6-\\u09b9\\u09dc\\u09dd\\u09df\\u09f0' +
  '\\u09f1\\u0a95-\\u0aa8\\u0aaa-\\u0ab0\\u0ab2\\u0ab3\\u0ab5-\\u0ab9\\u0af9\\u0b15-\\u0b28\\u0b2a-\\u0b30\\u0b32\\u0b33\\u0b35-' +
  '\\u0b39\\u0b5c\\u0b5d\\u0b5f\\u0b71\\u0c15-\\u0c28\\u0c2a-\\u0c39\\u0c58-\\u0c5a\\u0d15-\\u0d3a';
const PREPENDED =
  '\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u0d4e\\u{110bd}\\u{110cd}\\u{111c2}\\u{111c3}\\u{113d1}\\u{1193f}' +
  '\\u{11941}\\u{11a84}-\\u{11a89}\\u{11d46}\\u{11f02}';

/** Table 2 of UAX 29; the first class that has a character counts. Syllables of Hangul are told apart by arithmetic. */
const CLASSES = (
  [
    ['\\r', CR],
    ['\\n', LF],
    ['\\u200d', ZWJ],
    ['[\\u094d\\u09cd\\u0acd\\u0b4d\\u0c4d\\u0d4d]', LINKER],
    ['[\\p{Grapheme_Extend}\\p{Emoji_Modifier}]', EXTEND],
    [`[${CONSONANTS}]`, CONSONANT],
    [`[${PREPENDED}]`, PREPEND],
    ['[\\u1100-\\u115f\\ua960-\\ua97c]', L],
    ['[\\u1160-\\u11a7\\ud7b0-\\ud7c6\\u{16d63}\\u{16d67}-\\u{16d6a}]', V],
    ['[\\u11a8-\\u11ff\\ud7cb-\\ud7fb]', T],
    ['[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]|(?=\\p{Default_Ignorable_Code_Point})\\p{Cn}', CONTROL],
    [`(?![${SPACING_NOT}])\\p{Mc}|[\\u0e33\\u0eb3]`, SPACING_MARK],
    ['\\p{Regional_Indicator}', REGIONAL_INDICATOR],
    ['\\p{Extended_Pictographic}', PICTOGRAPHIC],
  ] as const
).map(([source, value]) => [new RegExp(source, 'u'), value] as const);

/** The class and one more of each character of the lowest plane that was met, 0 for the others. */
const known = new Uint8Array(0x10000);
const knownAbove = new Map<number, number>();

function classOf(code: number): number {
  if (code >= 0xac00 && code <= 0xd7a3) return (code - 0xac00) % 28 === 0 ? LV : LVT;
  const found = code < 0x10000 ? known[code] - 1 : (knownAbove.get(code) ?? -1);
  if (found >= 0) return found;
  const char = String.fromCodePoint(code);
  const value = CLASSES.find(([regex]) => regex.test(char))?.[1] ?? OTHER;
  if (code < 0x10000) known[code] = value + 1;
  else knownAbove.set(code, value);
  return value;
}

/** Calls `visit` with each cluster. */
export function forEachGrapheme(text: string, visit: (grapheme: string) => void): void {
  let start = 0;
  let last = -1;
  /** Whether the flags so far are odd in number, and so the last one waits for its second half. */
  let isHalfFlag = false;
  /** A pictograph and what extends it: 1, and a joiner after these: 2. */
  let pictograph = 0;
  /** A consonant and what extends it: 1, with a linker among it: 2. */
  let conjunct = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at)!;
    const next = classOf(code);
    const joins: boolean =
      joinsAlways(last, next) ||
      (last === REGIONAL_INDICATOR && next === REGIONAL_INDICATOR && isHalfFlag) ||
      (pictograph === 2 && next === PICTOGRAPHIC) ||
      (conjunct === 2 && next === CONSONANT);
    if (!joins && at > 0) {
      visit(text.slice(start, at));
      start = at;
    }
    isHalfFlag = next === REGIONAL_INDICATOR && !(joins && isHalfFlag);
    const extend = isExtending(next);
    pictograph = next === PICTOGRAPHIC ? 1 : pictograph === 0 || !extend ? 0 : next === ZWJ ? 2 : 1;
    conjunct = next === CONSONANT ? 1 : conjunct === 0 || !extend ? 0 : next === LINKER ? 2 : conjunct;
    last = next;
    at += code > 0xffff ? 2 : 1;
  }
  if (start < text.length) visit(text.slice(start));
}

const isExtending = (value: number): boolean => value === EXTEND || value === ZWJ || value === LINKER;
const isControl = (value: number): boolean => value === CR || value === LF || value === CONTROL;

/** Rules GB3 to GB9b, for which two neighbours suffice. */
function joinsAlways(last: number, next: number): boolean {
  if (last < 0) return true;
  if (last === CR && next === LF) return true;
  if (isControl(last) || isControl(next)) return false;
  if (isExtending(next) || next === SPACING_MARK || last === PREPEND) return true;
  if (last === L) return next === L || next === V || next === LV || next === LVT;
  if (last === LV || last === V) return next === V || next === T;
  return (last === LVT || last === T) && next === T;
}
