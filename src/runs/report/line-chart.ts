/** Curves with their intervals as an SVG file that stands by itself: on a page it is an image, light or dark as the reader has it. */
import { ticksOf } from './figures.ts';
import { type Html, html, trusted } from './html.ts';

export interface LinePoint {
  x: number;
  y: number;
  /** Of an interval around y. */
  low?: number;
  high?: number;
  /** Stands above the point. */
  note?: string;
}

export interface Line {
  name: string;
  points: readonly LinePoint[];
}

export interface LineChartOptions {
  /** What the picture shows, for those who cannot see it. */
  label: string;
  xLabel: string;
  yLabel: string;
  /** How a value of the y axis is written. */
  format?: (y: number) => string;
  /** Of the y axis; default: what the points span. */
  range?: readonly [low: number, high: number];
  /** Levels that curves are to be compared with. */
  levels?: readonly { y: number; name: string }[];
}

const [WIDTH, HEIGHT] = [900, 400];
const [LEFT, RIGHT, TOP, BOTTOM] = [66, 200, 26, 46];

const STYLE = `
text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; fill: #62666b; }
.page { fill: #fbfaf8; } .grid { stroke: #e4e1dc; } .level { stroke: #62666b; stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 2.5; } .band { stroke: none; opacity: 0.16; } .name { font-weight: 600; }
.s0 { stroke: #0b62a8; fill: #0b62a8; } .s1 { stroke: #c2410c; fill: #c2410c; } .s2 { stroke: #0f766e; fill: #0f766e; } .s3 { stroke: #9d174d; fill: #9d174d; }
path.line { fill: none; } text.name, text.note { stroke: none; } text.note { font-size: 12px; }
@media (prefers-color-scheme: dark) {
  text { fill: #a0a6ad; } .page { fill: #14161a; } .grid { stroke: #2b2f36; } .level { stroke: #a0a6ad; }
  .s0 { stroke: #6cb2f2; fill: #6cb2f2; } .s1 { stroke: #fb923c; fill: #fb923c; } .s2 { stroke: #5eead4; fill: #5eead4; } .s3 { stroke: #f9a8d4; fill: #f9a8d4; }
  path.line { fill: none; }
}
`;

/** Space that a name takes beside its curve. */
const NAME_HEIGHT = 18;

export function lineChart(
  lines: readonly Line[],
  { label, xLabel, yLabel, format = String, range, levels = [] }: LineChartOptions,
): Html {
  const points = lines.flatMap(line => line.points);
  const bounds = points.flatMap(({ y, low = y, high = y }) => [low, high]);
  const [bottom, top] = range ?? [Math.min(...bounds), Math.max(...bounds)];
  const [first, last] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))];
  const x = (value: number): string =>
    (LEFT + ((value - first) / (last - first || 1)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const height = (value: number): number =>
    HEIGHT - BOTTOM - ((value - bottom) / (top - bottom || 1)) * (HEIGHT - BOTTOM - TOP);
  const y = (value: number): string => height(value).toFixed(1);
  const right = WIDTH - RIGHT;
  const names = spread(lines.map(({ points: own }) => height(own.at(-1)!.y)));

  const grid = ticksOf(bottom, top).map(
    tick =>
      html`<line class="grid" x1="${LEFT}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${LEFT - 8}" y="${(height(tick) + 4).toFixed(1)}" text-anchor="end">${format(tick)}</text>`,
  );
  const below = ticksOf(first, last).map(
    tick => html`<text x="${x(tick)}" y="${HEIGHT - BOTTOM + 19}" text-anchor="middle">${tick}</text>`,
  );
  const drawn = lines.map(({ name, points: own }, i) => {
    const path = own.map((point, j) => `${j === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('');
    const upper = own.map(point => `${x(point.x)},${y(point.high ?? point.y)}`);
    const lower = own.map(point => `${x(point.x)},${y(point.low ?? point.y)}`).reverse();
    const series = `s${i % 4}`;
    return html`<polygon class="band ${series}" points="${[...upper, ...lower].join(' ')}"/><path class="line ${series}" d="${path}"/>${own.map(
      point =>
        html`<circle class="${series}" cx="${x(point.x)}" cy="${y(point.y)}" r="3"><title>${`${name}, ${point.x}: ${format(point.y)}`}</title></circle>${point.note !== undefined && html`<text class="note ${series}" x="${x(point.x)}" y="${(height(point.y) - 10).toFixed(1)}" text-anchor="middle">${point.note}</text>`}`,
    )}<text class="name ${series}" x="${right + 10}" y="${(names[i] + 4).toFixed(1)}">${name}</text>`;
  });
  const compared = levels.map(
    ({ y: value, name }) =>
      html`<line class="level" x1="${LEFT}" x2="${right}" y1="${y(value)}" y2="${y(value)}"/><text x="${LEFT + 6}" y="${(height(value) - 6).toFixed(1)}">${name}</text>`,
  );
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}"><title>${label}</title><style>${trusted(STYLE)}</style><rect class="page" width="${WIDTH}" height="${HEIGHT}"/>${grid}${below}<text x="${right}" y="${HEIGHT - 8}" text-anchor="end">${xLabel}</text><text x="8" y="${TOP - 10}">${yLabel}</text>${compared}${drawn}</svg>
`;
}

/** Heights of names that do not cover each other, as near to their curves' ends as may be. */
function spread(wanted: readonly number[]): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b]);
  const placed = [...wanted];
  for (const [rank, i] of order.entries()) {
    if (rank > 0) placed[i] = Math.max(placed[i], placed[order[rank - 1]] + NAME_HEIGHT);
  }
  const over = Math.max(0, Math.max(...placed) - (HEIGHT - BOTTOM));
  return placed.map(value => value - over);
}
