/** How several tokenizers cut one text, one below the other with every character in the same column. */
import type { Segment } from '../../tokenizers/compare.ts';

/** Backgrounds that take turns, and one for what is unknown; black text on each. */
const BACKGROUNDS = [153, 223, 157, 225];
const UNKNOWN_BACKGROUND = 203;

export interface Cut {
  name: string;
  segments: readonly Segment[];
}

/** What stands in the column of one character: a bar where a token begins before it, and the character. */
interface Cell {
  bar: string;
  body: string;
  /** Columns of `body` on a screen. */
  width: number;
}

/** Lines of at most `columns`: tokens in colours, or with bars between them and brackets around what is unknown. */
export function segmentLines(text: string, cuts: readonly Cut[], { colour = false, columns = 100 } = {}): string[] {
  const labels = cuts.map(({ name, segments }) => `${name} (${segments.length})`);
  const labelWidth = Math.max(...labels.map(label => label.length)) + 2;
  const rows = cuts.map(({ segments }) => cellsOf([...text], segments, colour));
  const lines: string[] = [];
  for (const [from, to] of stretches(rows, columns - labelWidth)) {
    if (lines.length > 0) lines.push('');
    for (const [i, row] of rows.entries()) {
      let line = labels[i].padEnd(labelWidth);
      for (let at = from; at < to; at++) {
        const { bars, bodies } = columnsAt(rows, at);
        const { bar, body, width } = row[at];
        line += bar.padStart(bars) + body + ' '.repeat(bodies - width);
      }
      lines.push(line.trimEnd());
    }
  }
  return lines;
}

const columnsAt = (rows: readonly Cell[][], at: number): { bars: number; bodies: number } => ({
  bars: Math.max(...rows.map(row => row[at].bar.length)),
  bodies: Math.max(...rows.map(row => row[at].width)),
});

/** Ranges of characters that fit into a line. */
function stretches(rows: readonly Cell[][], columns: number): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  let used = 0;
  for (let at = 0; at < rows[0].length; at++) {
    const { bars, bodies } = columnsAt(rows, at);
    if (used + bars + bodies > columns && at > from) {
      ranges.push([from, at]);
      from = at;
      used = 0;
    }
    used += bars + bodies;
  }
  if (from < rows[0].length) ranges.push([from, rows[0].length]);
  return ranges;
}

function cellsOf(characters: readonly string[], segments: readonly Segment[], colour: boolean): Cell[] {
  const cells = characters.map((): Cell => ({ bar: '', body: '', width: 0 }));
  const put = (at: number, shown: string, columns: number): void => {
    cells[at].body += shown;
    cells[at].width += columns;
  };
  for (const [i, { start, text, unknown }] of segments.entries()) {
    const background = unknown ? UNKNOWN_BACKGROUND : BACKGROUNDS[i % BACKGROUNDS.length];
    // Of several tokens of one character, all but the first have no text of their own.
    const shown = [...text].map(visible);
    if (shown.length === 0) shown.push('·');
    for (const [k, char] of shown.entries()) {
      const at = Math.min(start + k, characters.length - 1);
      if (colour) {
        put(at, `\x1b[30;48;5;${background}m${char}\x1b[0m`, screenWidth(char));
        continue;
      }
      if (k === 0 && i > 0) {
        if (cells[at].body === '') cells[at].bar = '|';
        else put(at, '|', 1);
      }
      const marked = `${unknown && k === 0 ? '[' : ''}${char}${unknown && k === shown.length - 1 ? ']' : ''}`;
      put(at, marked, screenWidth(marked));
    }
  }
  // What is in no token, such as white space that was dropped, has no colour.
  for (const [at, { body }] of cells.entries()) {
    if (body !== '') continue;
    const char = visible(characters[at]).replace('␣', ' ');
    put(at, char, screenWidth(char));
  }
  return cells;
}

const visible = (char: string): string =>
  char
    .replace(/[\x00-\x1f]/, control => String.fromCharCode(0x2400 + control.charCodeAt(0)))
    .replace(/[\x7f-\x9f]/, '\ufffd')
    .replace(/[ \u00a0]/, '␣');

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NARROWEST = /\p{M}|\p{Cf}/u;

/** Columns that a text takes in a terminal. */
const screenWidth = (text: string): number =>
  [...text].reduce((width, char) => width + (NARROWEST.test(char) ? 0 : WIDE.test(char) ? 2 : 1), 0);
