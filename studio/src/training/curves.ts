/** Curves of several runs over the same steps, as uPlot draws them. */
import { align, type Points, smooth, thinOut } from '../../../src/runs/report/curve-points.ts';

export type Row = Record<string, number>;

/** Charts that every run has; other metrics get one each, after these. */
export const CHARTS = ['loss', 'lr', 'gradNorm', 'tokensPerSecond'] as const;
const HIDDEN = new Set<string>(['step', 'evalLoss', ...CHARTS]);

export interface RunRows {
  id: string;
  name: string;
  /** Of the palette. */
  color: number;
  rows: readonly Row[];
}

export interface Series {
  run: string;
  label: string;
  color: number;
  /** `faint`: as measured, where a smoothed curve is drawn over it; `points`: evaluations. */
  kind: 'line' | 'faint' | 'points';
}

export interface Curves {
  x: number[];
  series: Series[];
  columns: (number | null)[][];
}

/** The finite values of a metric by step; the last where a step was logged twice. */
export function curve(rows: readonly Row[], key: string): Points {
  const values = new Map<number, number>();
  for (const row of rows) if (Number.isFinite(row[key])) values.set(row.step, row[key]);
  const x = [...values.keys()].sort((a, b) => a - b);
  return { x, y: x.map(step => values.get(step)!) };
}

/**
 * @param options.smoothing points to either side that are averaged; 0: none
 * @param options.isLog leaves out what has no logarithm
 */
export function curvesOf(
  runs: readonly RunRows[],
  key: string,
  { smoothing, isLog }: { smoothing: number; isLog: boolean },
): Curves {
  const parts: (Series & { points: Points })[] = [];
  for (const { id, name, color, rows } of runs) {
    const points = positive(curve(rows, key), isLog);
    if (points.x.length > 0) {
      const own = { run: id, label: name, color };
      if (smoothing > 0) parts.push({ ...own, kind: 'faint', points: thinOut(points) });
      parts.push({ ...own, kind: 'line', points: thinOut(smoothing > 0 ? smooth(points, smoothing) : points) });
    }
    const evaluation = key === 'loss' ? positive(curve(rows, 'evalLoss'), isLog) : { x: [], y: [] };
    if (evaluation.x.length > 0) parts.push({ run: id, label: name, color, kind: 'points', points: evaluation });
  }
  const { x, columns } = align(parts.map(({ points }) => points));
  return { x, columns, series: parts.map(({ points: _, ...series }) => series) };
}

/** Metrics beyond the known ones. */
export const otherKeys = (runs: readonly RunRows[]): string[] =>
  [...new Set(runs.flatMap(({ rows }) => Object.keys(rows.at(-1) ?? {})))].filter(key => !HIDDEN.has(key)).sort();

function positive({ x, y }: Points, isLog: boolean): Points {
  if (!isLog) return { x, y };
  const kept = x.map((_, i) => i).filter(i => y[i] > 0);
  return { x: kept.map(i => x[i]), y: kept.map(i => y[i]) };
}
