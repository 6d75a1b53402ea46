/**
 * The classes of characters that the patterns of GPT-2 and its successors tell apart, as a table over UTF-16 units, so
 * that a scanner needs one load a character.
 */

export const OTHER = 0;
export const LETTER = 1;
export const NUMBER = 2;
/** White space other than line ends. */
export const SPACE = 3;
/** `\r` and `\n`. */
export const NEWLINE = 4;
/** The first half of a character above U+FFFF: see `astralClass`. */
export const HIGH_SURROGATE = 5;

const CLASSES: [RegExp, number][] = [
  [/\p{L}/u, LETTER],
  [/\p{N}/u, NUMBER],
  [/[\r\n]/, NEWLINE],
  [/\p{White_Space}/u, SPACE],
];

const classify = (char: string): number => CLASSES.find(([regex]) => regex.test(char))?.[1] ?? OTHER;

/** Class of each UTF-16 unit. */
export const UNIT_CLASSES: Uint8Array = (() => {
  const classes = new Uint8Array(0x10000);
  const all = Array.from(classes, (_, unit) => String.fromCharCode(unit));
  const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xe000;
  const text = all.map((char, unit) => (isSurrogate(unit) ? '\ufffd' : char)).join('');
  for (const [regex, value] of CLASSES.toReversed()) {
    for (const match of text.matchAll(new RegExp(regex, `${regex.flags}g`))) classes[match.index] = value;
  }
  classes.fill(HIGH_SURROGATE, 0xd800, 0xdc00);
  return classes;
})();

/** Classes above U+FFFF in pages of 256, made when first needed. */
const PAGES: (Uint8Array | undefined)[] = new Array(0x1100);

/** The class of the character whose first half is at `at`; a lone surrogate is like U+FFFD. */
export function astralClass(units: Uint16Array, at: number, end: number): number {
  if (!isPair(units, at, end)) return OTHER;
  const code = 0x10000 + ((units[at] - 0xd800) << 10) + (units[at + 1] - 0xdc00);
  let page = PAGES[code >> 8];
  if (page === undefined) {
    const first = code & ~0xff;
    page = Uint8Array.from({ length: 256 }, (_, i) => classify(String.fromCodePoint(first + i)));
    PAGES[code >> 8] = page;
  }
  return page[code & 0xff];
}

/** Whether both halves of a character are at `at`. */
export const isPair = (units: Uint16Array, at: number, end: number): boolean =>
  (units[at] & 0xfc00) === 0xd800 && at + 1 < end && (units[at + 1] & 0xfc00) === 0xdc00;
