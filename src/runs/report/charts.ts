/** Which charts a report has, and what they show. */
import { align, type Points, smooth, thinOut } from './curve-points.ts';

/** One row of metrics.jsonl. */
export type Metrics = Record<string, number>;

export interface Chart {
  title: string;
  /** Wide charts take a row of their own. */
  wide: boolean;
  /** Whether the vertical axis begins at 0: for quantities whose size matters more than their wiggles. */
  fromZero: boolean;
  x: number[];
  series: { label: string; kind: 'line' | 'faint' | 'points'; color: number; values: (number | null)[] }[];
}

/** Keys that have a chart of their own, or are not worth one. */
const KNOWN = ['step', 'loss', 'evalLoss', 'lr', 'gradNorm', 'tokensPerSecond', 'wait'];

/** The charts for which `metrics` has data. Keys beyond the known ones get a chart each. */
export function chartsOf(metrics: readonly Metrics[]): Chart[] {
  const others = [...new Set(metrics.flatMap(row => Object.keys(row)))].filter(key => !KNOWN.includes(key)).sort();
  const charts = [
    lossChart(curve(metrics, 'loss'), curve(metrics, 'evalLoss')),
    lineChart('Learning rate', curve(metrics, 'lr')),
    lineChart('Gradient norm', curve(metrics, 'gradNorm'), { fromZero: true }),
    lineChart('Tokens per second', curve(metrics, 'tokensPerSecond'), { fromZero: true }),
    lineChart('Waiting for text (share of the time)', curve(metrics, 'wait'), { fromZero: true }),
    ...others.map(key => lineChart(key, curve(metrics, key))),
  ];
  return charts.filter(chart => chart.x.length > 1);
}

/** The finite values of a metric by step; the last where a step was logged twice. */
export function curve(metrics: readonly Metrics[], key: string): Points {
  const values = new Map<number, number>();
  for (const row of metrics) if (Number.isFinite(row[key])) values.set(row.step, row[key]);
  const x = [...values.keys()].sort((a, b) => a - b);
  return { x, y: x.map(step => values.get(step)!) };
}

/** Training loss jumps from batch to batch, so its average is drawn over it. */
function lossChart(training: Points, evaluation: Points): Chart {
  const average = smooth(training, Math.floor(training.x.length / 100));
  const { x, columns } = align([thinOut(training), thinOut(average, 600), evaluation]);
  return {
    title: 'Loss (nats per token)',
    wide: true,
    fromZero: false,
    x,
    series: [
      { label: 'training', kind: 'faint' as const, color: 0, values: columns[0] },
      { label: 'training, averaged', kind: 'line' as const, color: 0, values: columns[1] },
      { label: 'evaluation', kind: 'points' as const, color: 1, values: columns[2] },
    ].filter(series => series.values.some(value => value !== null)),
  };
}

function lineChart(title: string, points: Points, { fromZero = false } = {}): Chart {
  const { x, columns } = align([thinOut(points)]);
  const series = { label: title, kind: 'line' as const, color: 0, values: columns[0] };
  return { title, wide: false, fromZero, x, series: [series] };
}
