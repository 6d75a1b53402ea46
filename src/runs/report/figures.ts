/** Drawings without a script, as SVG: points over time, bars, and lines across several axes. Colours are the style sheet's. */
import { type Html, html } from './html.ts';

const [WIDTH, HEIGHT] = [960, 300];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 14, 34];

export interface Point {
  x: number;
  y: number;
  /** Said when the pointer rests on it. */
  title: string;
  /** Drawn paler. */
  isFaint?: boolean;
  isMarked?: boolean;
}

const scale =
  (from: number, to: number, start: number, end: number) =>
  (value: number): number =>
    from === to ? (start + end) / 2 : start + ((value - from) / (to - from)) * (end - start);

/** Four figures at most. */
export const shortNumber = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replace(/\.?0+e\+?/, 'e');
  return String(Number(value.toPrecision(4)));
};

const svg = (label: string, height: number, content: readonly Html[]): Html =>
  html`<svg class="figure" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${content}</svg>`;

const text = (x: number, y: number, content: string, anchor: string): Html =>
  html`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;

export function ticksOf(low: number, high: number): number[] {
  if (low === high) return [low];
  const step = 10 ** Math.floor(Math.log10((high - low) / 3));
  const factor = [1, 2, 5].find(one => (high - low) / (step * one) <= 6) ?? 10;
  const size = step * factor;
  const first = Math.ceil(low / size);
  return Array.from({ length: Math.floor(high / size) - first + 1 }, (_, i) =>
    Number(((first + i) * size).toPrecision(6)),
  );
}

/** Points, and a line of steps such as the best so far. */
export function scatter(
  points: readonly Point[],
  { label, xLabel, line = [] }: { label: string; xLabel: string; line?: readonly { x: number; y: number }[] },
): Html {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 1;
  const x = scale(Math.min(...xs), Math.max(...xs), LEFT + 10, WIDTH - RIGHT - 10);
  const y = scale(low - room, high + room, HEIGHT - BOTTOM, TOP);
  const path = line
    .map(({ x: at, y: value }, i) =>
      i === 0 ? `M${x(at).toFixed(1)} ${y(value).toFixed(1)}` : `H${x(at).toFixed(1)}V${y(value).toFixed(1)}`,
    )
    .join('');
  return svg(label, HEIGHT, [
    ...ticksOf(low, high).map(
      tick =>
        html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>${text(LEFT - 8, y(tick) + 4, shortNumber(tick), 'end')}`,
    ),
    ...ticksOf(Math.min(...xs), Math.max(...xs)).map(tick =>
      text(x(tick), HEIGHT - BOTTOM + 18, shortNumber(tick), 'middle'),
    ),
    text(WIDTH - RIGHT, HEIGHT - 3, xLabel, 'end'),
    ...(path === '' ? [] : [html`<path class="best-line" d="${path}"/>`]),
    ...points.map(
      ({ x: at, y: value, title, isFaint, isMarked }) =>
        html`<circle class="${isMarked ? 'marked' : isFaint ? 'faint' : 'point'}" cx="${x(at).toFixed(1)}" cy="${y(value).toFixed(1)}" r="${isMarked ? 7 : 4.5}"><title>${title}</title></circle>`,
    ),
  ]);
}

/** Names with shares of 1. */
export function bars(items: readonly { name: string; value: number }[], { label }: { label: string }): Html {
  const [row, start] = [30, 260];
  const x = scale(0, Math.max(...items.map(({ value }) => value), 1e-9), 0, WIDTH - start - 90);
  return svg(
    label,
    items.length * row + 8,
    items.map(({ name, value }, i) => {
      const y = 6 + i * row;
      return html`${text(start - 12, y + 15, name, 'end')}<rect class="bar" x="${start}" y="${y}" width="${Math.max(1, x(value)).toFixed(1)}" height="20" rx="3"/>${text(start + Math.max(1, x(value)) + 8, y + 15, `${(100 * value).toFixed(0)} %`, 'start')}`;
    }),
  );
}

export interface Axis {
  name: string;
  /** Where a value lies, from 0 below to 1 above; undefined where a line has none. */
  place(value: unknown): number;
  low: string;
  high: string;
}

export interface ParallelLine {
  /** One for each axis; undefined: the line leaves it out. */
  values: readonly unknown[];
  /** 0 the worst, 1 the best. */
  rank: number;
  title: string;
}

/** Parallel coordinates (Inselberg 1985): a line for each trial, the best drawn last. */
export function parallelCoordinates(
  axes: readonly Axis[],
  lines: readonly ParallelLine[],
  { label }: { label: string },
): Html {
  const height = 340;
  const x = scale(0, Math.max(1, axes.length - 1), 70, WIDTH - 70);
  const y = scale(0, 1, height - 52, 46);
  const sorted = [...lines].sort((a, b) => a.rank - b.rank);
  return svg(label, height, [
    ...sorted.map(({ values, rank, title }) => {
      const points = values.flatMap((value, i) =>
        value === undefined ? [] : [`${x(i).toFixed(1)},${y(axes[i].place(value)).toFixed(1)}`],
      );
      const isBest = rank === 1;
      return html`<polyline class="${isBest ? 'best-line' : 'strand'}" style="opacity:${isBest ? '1' : (0.12 + 0.6 * rank ** 2).toFixed(2)}" points="${points.join(' ')}"><title>${title}</title></polyline>`;
    }),
    ...axes.map(
      ({ name, low, high }, i) =>
        html`<line class="axis" x1="${x(i)}" x2="${x(i)}" y1="${y(0)}" y2="${y(1)}"/>${text(x(i), 18, name, 'middle')}${text(x(i), 36, high, 'middle')}${text(x(i), height - 32, low, 'middle')}`,
    ),
  ]);
}

/** Beside the report's own style sheet. */
export const figureStyle = `
.figure { width: 100%; height: auto; display: block; font-size: 13px; font-variant-numeric: tabular-nums; }
.figure text { fill: var(--muted); }
.figure .grid { stroke: var(--line); }
.figure .axis { stroke: var(--muted); stroke-width: 1.5; }
.figure .point { fill: var(--series-0); }
.figure .faint { fill: var(--muted); opacity: 0.45; }
.figure .marked { fill: var(--series-1); }
.figure .bar { fill: var(--series-0); }
.figure .best-line { fill: none; stroke: var(--series-1); stroke-width: 2.5; }
.figure .strand { fill: none; stroke: var(--series-0); stroke-width: 1.5; }
.figure .strand:hover { stroke-width: 4; opacity: 1 !important; }
.figure .whisker { stroke: var(--muted); stroke-width: 1.5; }
.figure .label { fill: var(--text); }
`;
