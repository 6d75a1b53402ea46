/** The loss over the learning rate as text: rates grow to the right in their logarithm, losses upwards. */
import type { LrRange } from '../../train/lr-range.ts';

const WIDTH = 60;
const HEIGHT = 12;

export function lrPlot({ points, steepest, lowest }: LrRange): string {
  const first = Math.log10(points[0].lr);
  const span = Math.log10(points.at(-1)!.lr) - first || 1;
  const column = (lr: number): number => Math.round(((Math.log10(lr) - first) / span) * (WIDTH - 1));
  // What blows up in the end would press everything else flat.
  const least = Math.min(...points.map(({ loss }) => loss));
  const most = Math.min(
    Math.max(...points.slice(0, -1).map(({ loss }) => loss)),
    points[0].loss + (points[0].loss - least),
  );
  const rows = Array.from({ length: HEIGHT }, () => new Array<string>(WIDTH).fill(' '));
  for (const { lr, loss } of points) {
    const height = Math.min(1, (loss - least) / (most - least || 1));
    rows[HEIGHT - 1 - Math.round(height * (HEIGHT - 1))][column(lr)] = '·';
  }
  const axis = new Array<string>(WIDTH).fill('─');
  axis[column(lowest)] = '┴';
  axis[column(steepest)] = '▲';
  const label = (row: number): string => (row === 0 ? most.toFixed(3) : row === HEIGHT - 1 ? least.toFixed(3) : '');
  const drawn = rows.map((cells, row) => `${label(row).padStart(8)} │${cells.join('').trimEnd()}`);
  const ends = [points[0].lr, points.at(-1)!.lr].map(lr => lr.toExponential(0));
  return [
    ...drawn,
    `${' '.repeat(9)}└${axis.join('')}`,
    `${' '.repeat(10)}${ends[0].padEnd(WIDTH - ends[1].length)}${ends[1]}`,
    '',
  ].join('\n');
}
