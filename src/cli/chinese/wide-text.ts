/** Text in columns of a terminal, where a Chinese character takes two and lines may end between any two of them. */

/** East Asian Wide and Fullwidth (UAX 11), as far as the help has such. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/;
/** Must not begin a line. */
const CLOSING = /^[，。、；：！？）》」』”’…]/;
/** Must not end one. */
const OPENING = /[（《「『“‘]$/;

/** Columns that the text takes. */
export const columnsOf = (text: string): number =>
  Array.from(text).reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);

/** Lines of at most `width` columns, those that are there already kept. */
export const wrapWide = (text: string, width: number): string =>
  text
    .split('\n')
    .map(line => wrapLine(line, width).join('\n'))
    .join('\n');

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const piece of piecesOf(line)) {
    if (current !== '' && columnsOf(current + piece.trimEnd()) > width) {
      lines.push(current.trimEnd());
      current = piece.trimStart();
    } else {
      current += piece;
    }
  }
  return [...lines, current.trimEnd()];
}

/** What stays together: words, single Chinese characters, punctuation with what it belongs to. */
function piecesOf(line: string): string[] {
  const pieces: string[] = [];
  for (const unit of line.match(/\s+|[^\s]/gu) ?? []) {
    const last = pieces.at(-1);
    const isWord = last !== undefined && !/\s$/.test(last) && !WIDE.test(last.at(-1)!) && !WIDE.test(unit);
    if (last !== undefined && (/^\s/.test(unit) || isWord || CLOSING.test(unit) || OPENING.test(last))) {
      pieces[pieces.length - 1] = last + unit;
    } else {
      pieces.push(unit);
    }
  }
  return pieces;
}
