/** Canonical combining classes (UAX 44), which JavaScript does not tell: found by what normalization puts in order. */

/** A mark of each class other than 0, in the order of the classes. */
const MARKS = [
  ...('\u0334\u{16ff0}\u093c\u3099\u094d\u05b0\u05b1\u05b2\u05b3\u05b4\u05b5\u05b6\u05b7\u05b8\u05b9\u05bb\u05bc\u05bd\u05bf' +
    '\u05c1\u05c2\ufb1e\u064b\u064c\u064d\u0618\u0619\u061a\u0651\u0652\u0670\u0711\u0c55\u0c56\u0e38\u0e48\u0eb8\u0ec8\u0f71' +
    '\u0f72\u0f74\u0321\u1dce\u031b\u1dfa\u0316\u059a\u302e\u{1d16d}\u05ae\u0300\u0315\u035c\u035d\u0345'),
];

/** Whether normalization puts `second` before `first`: both are marks, and the first one's class is higher. */
const isTurned = (first: string, second: string): boolean => (first + second).normalize('NFD') !== first + second;

const known = new Map<string, number>();

/** 0 for a character that no other moves past, else a number that sorts marks as their classes do; for decomposed characters. */
export function combiningClass(char: string): number {
  let found = known.get(char);
  if (found === undefined) {
    found = isTurned(MARKS.at(-1)!, char) || isTurned(char, MARKS[0]) ? search(char) : 0;
    known.set(char, found);
  }
  return found;
}

/** The first mark whose class is not lower. */
function search(char: string): number {
  let low = 0;
  let high = MARKS.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTurned(char, MARKS[middle])) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}
