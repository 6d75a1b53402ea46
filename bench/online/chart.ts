/** Lines over rounds with intervals, as an SVG that stands alone. */
export interface Line {
  name: string;
  /** Of each round the mean, and half of its interval. */
  points: readonly { mean: number; half: number }[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 340, 52, 132, 16, 40];
const COLOURS = ['#0b62a8', '#b45f06', '#38761d', '#b3261e'];

/** @param of what the numbers are, from 0 to 1 */
export function chart(lines: readonly Line[], of: string): string {
  const rounds = Math.max(...lines.map(({ points }) => points.length)) - 1;
  const x = (round: number): number => LEFT + (round / rounds) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - Math.min(1, Math.max(0, value))) * (HEIGHT - TOP - BOTTOM);
  const text = (at: number, to: number, content: string, more = ''): string =>
    `<text x="${at.toFixed(1)}" y="${to.toFixed(1)}" ${more}>${content}</text>`;
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    value =>
      `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#d8d8d4"/>${text(LEFT - 8, y(value) + 4, `${100 * value} %`, 'text-anchor="end"')}`,
  );
  const ticks = Array.from({ length: rounds + 1 }, (_, i) =>
    text(x(i), HEIGHT - BOTTOM + 18, i === 0 ? 'start' : `round ${i}`, 'text-anchor="middle"'),
  );
  // Names of lines that end close to each other are moved apart.
  const ends = lines.map((line, i) => ({ i, at: y(line.points.at(-1)!.mean) })).sort((a, b) => a.at - b.at);
  for (const [i, end] of ends.entries()) if (i > 0) end.at = Math.max(end.at, ends[i - 1].at + 16);
  const drawn = lines.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    // A little beside each other, so that intervals can be told apart.
    const at = (round: number): number => x(round) + (i - (lines.length - 1) / 2) * 4;
    const path = points
      .map(({ mean }, r) => `${r === 0 ? 'M' : 'L'}${at(r).toFixed(1)} ${y(mean).toFixed(1)}`)
      .join('');
    const bars = points.map(
      ({ mean, half }, r) =>
        `<path d="M${at(r).toFixed(1)} ${y(mean - half).toFixed(1)}V${y(mean + half).toFixed(1)}" stroke="${colour}" stroke-width="1.2"/><circle cx="${at(r).toFixed(1)}" cy="${y(mean).toFixed(1)}" r="3" fill="${colour}"/>`,
    );
    const label = text(x(rounds) + 14, ends.find(end => end.i === i)!.at + 4, name, `fill="${colour}"`);
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${bars.join('')}${label}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${of}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...grid,
    ...ticks,
    text(LEFT, HEIGHT - 6, of, 'fill="#555"'),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}
