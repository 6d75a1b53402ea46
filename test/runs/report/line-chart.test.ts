/** Curves as an SVG file: where points, bands, names and levels stand. */
import { describe, expect, it } from 'vitest';
import { lineChart } from '../../../src/runs/report/line-chart.ts';

const options = { label: 'a & b', xLabel: 'updates', yLabel: 'right', range: [0, 1] as const };
const points = [
  { x: 0, y: 0.5, low: 0.4, high: 0.6 },
  { x: 100, y: 1, low: 0.9, high: 1, note: '−2' },
];
const numbers = (source: string, pattern: RegExp): number[][] =>
  [...source.matchAll(pattern)].map(([, ...found]) => found.map(Number));

describe('lineChart', () => {
  const lines = [
    { name: 'one', points },
    { name: 'two <2>', points: points.map(point => ({ ...point, y: point.y - 0.01, note: undefined })) },
  ];
  const { source } = lineChart(lines, {
    ...options,
    format: y => `${100 * y} %`,
    levels: [{ y: 0.25, name: 'chance' }],
  });

  it('is one SVG with a name, and escapes what is put in', () => {
    expect(source).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 900 400" role="img" aria-label="a &#38; b">/,
    );
    expect(source.trimEnd()).toMatch(/<\/svg>$/);
    expect(source).toContain('two &#60;2&#62;');
    for (const tag of ['svg', 'text', 'title', 'style']) {
      expect(source.split(`<${tag}`).length, tag).toBe(source.split(`</${tag}>`).length);
    }
  });

  it('puts points where their values are', () => {
    const [[x0, y0, x1, y1]] = numbers(source, /d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/g);
    const [[left, right]] = numbers(source, /class="level" x1="([\d.]+)" x2="([\d.]+)"/g);
    expect([x0, x1]).toEqual([left, right]);
    const [[level]] = numbers(source, /class="level" x1="[\d.]+" x2="[\d.]+" y1="([\d.]+)"/g);
    // 1 above, 0.5 half way down, 0.25 three quarters down.
    expect(y0 - y1).toBeCloseTo(2 * (level - y0), 0);
    expect(source).toContain('>40 %</text>');
    expect(source).toContain('>−2</text>');
    expect(numbers(source, /<circle class="s0" cx="[\d.]+" cy="([\d.]+)"/g)).toEqual([[y0], [y1]]);
    const bands = [...source.matchAll(/class="band s\d" points="([^"]+)"/g)].map(([, list]) => list.split(' '));
    expect(bands.map(list => list.length)).toEqual([4, 4]);
  });

  it('keeps names apart where curves end together', () => {
    const heights = numbers(source, /class="name s\d" x="[\d.]+" y="([\d.]+)"/g).flat();
    expect(Math.abs(heights[0] - heights[1])).toBeGreaterThanOrEqual(18);
    const many = Array.from({ length: 4 }, (_, i) => ({
      name: `n${i}`,
      points: [
        { x: 0, y: 0 },
        { x: 1, y: 0 },
      ],
    }));
    const low = numbers(lineChart(many, options).source, /class="name s\d" x="[\d.]+" y="([\d.]+)"/g).flat();
    expect(Math.max(...low)).toBeLessThanOrEqual(400 - 46 + 4);
    const sorted = [...low].sort((a, b) => a - b);
    for (const [i, height] of sorted.slice(1).entries()) expect(height - sorted[i]).toBeGreaterThanOrEqual(17.9);
  });

  it('spans what there is where no range is given', () => {
    const { source: own } = lineChart(
      [
        {
          name: 'a',
          points: [
            { x: 1, y: 3 },
            { x: 2, y: 5 },
          ],
        },
      ],
      { label: 'a', xLabel: 'x', yLabel: 'y' },
    );
    const [[, first, , last]] = numbers(own, /d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/g);
    expect(last).toBe(26);
    expect(first).toBe(400 - 46);
  });
});
