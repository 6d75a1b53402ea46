/**
 * Examples of unequal length put together into rows of at most `most` tokens: best fit decreasing (Johnson 1974; Ding et al.
 * 2024, arXiv:2404.10830), as TRL does it, or one stream that is cut anywhere.
 */

/** A stretch of an example. */
export interface Piece {
  index: number;
  from: number;
  to: number;
}

/** How examples become rows; `none`: each is a row of its own. */
export const packings = ['none', 'bfd', 'bfd_split', 'wrapped'] as const;
export type ExamplePacking = (typeof packings)[number];

/**
 * The pieces of each row.
 *
 * `bfd`: the longest example first, each where it leaves the least room; of rows with equal room the one that was filled to that
 * point first. What is longer than a row is cut. `bfd_split`: what was cut off goes into further rows. `wrapped`: all in
 * order, cut where rows end.
 *
 * @param lengths of the examples, in tokens
 */
export function packExamples(lengths: readonly number[], most: number, packing: ExamplePacking): Piece[][] {
  if (packing === 'wrapped') return wrapped(lengths, most);
  const pieces = lengths.flatMap((length, index) => piecesOf(index, length, most, packing === 'bfd_split'));
  return packing === 'none' ? pieces.map(piece => [piece]) : bestFit(pieces, most);
}

function piecesOf(index: number, length: number, most: number, splits: boolean): Piece[] {
  if (!splits) return [{ index, from: 0, to: Math.min(length, most) }];
  const count = Math.ceil(length / most);
  return Array.from({ length: count }, (_, i) => ({ index, from: i * most, to: Math.min(length, (i + 1) * most) }));
}

const sizeOf = ({ from, to }: Piece): number => to - from;

function bestFit(pieces: readonly Piece[], most: number): Piece[][] {
  const rows: Piece[][] = [];
  /** Rows by the room that is left in them, those that came to it first in front. */
  const byRoom: Piece[][][] = Array.from({ length: most + 1 }, () => []);
  for (const piece of [...pieces].sort((a, b) => sizeOf(b) - sizeOf(a))) {
    let room = sizeOf(piece);
    while (room <= most && byRoom[room].length === 0) room++;
    let row: Piece[] = [];
    if (room > most) {
      rows.push(row);
      room = most;
    } else row = byRoom[room].shift()!;
    row.push(piece);
    byRoom[room - sizeOf(piece)].push(row);
  }
  return rows;
}

function wrapped(lengths: readonly number[], most: number): Piece[][] {
  const rows: Piece[][] = [];
  let room = 0;
  for (const [index, length] of lengths.entries()) {
    for (let from = 0; from < length; ) {
      if (room === 0) {
        rows.push([]);
        room = most;
      }
      const to = Math.min(length, from + room);
      rows.at(-1)!.push({ index, from, to });
      room -= to - from;
      from = to;
    }
  }
  return rows;
}
