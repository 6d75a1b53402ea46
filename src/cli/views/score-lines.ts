/** Scores of a fine-tuned model beside others, and what to do with it next, as lines of a table. */
import { marginOver } from '../../evaluate/rows/row-scores.ts';
import type { Baseline } from '../../runs/finetune/baselines.ts';
import type { RunResult } from '../../runs/run.ts';

export function scoreLines(scores: readonly Baseline[]): [string, string][] {
  const metrics = Object.keys(scores[0]?.scores.metrics ?? {});
  const cell = (metric: string, value: number): string =>
    /bleu|chrf/i.test(metric) ? value.toFixed(1) : value.toFixed(3);
  const lines = scores.map(({ name, scores: { metrics: values, interval, intervals } }) => [
    name,
    metrics
      .flatMap((metric, i) => {
        if (values[metric] === undefined) return [];
        const range = intervals?.[metric] ?? (i === 0 ? interval : undefined);
        return [
          `${metric} ${cell(metric, values[metric])}${range ? ` (${range.map(x => x.toFixed(3)).join('–')})` : ''}`,
        ];
      })
      .join('   '),
  ]) satisfies [string, string][];
  return [...lines, ...marginLines(scores)];
}

/** By how much the model is better than each of the others on the same rows. */
function marginLines([own, ...others]: readonly Baseline[]): [string, string][] {
  const points = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`;
  const margins = others.flatMap(({ name, scores }) => {
    const found = marginOver(own.scores, scores);
    return found ? [`${points(found.margin)} points (${found.interval.map(points).join(' to ')}) over ${name}`] : [];
  });
  return margins.map((text, i) => [i === 0 ? 'row by row' : '', text]);
}

export const nextLines = ({ finished, folder }: RunResult, isAdapter: boolean): [string, string][] =>
  finished
    ? [
        ['next', `tslm serve ${folder}`],
        ...(isAdapter
          ? [['', `tslm merge ${folder} --out MODEL   # adapter and model as one`] as [string, string]]
          : []),
      ]
    : [['next', `tslm resume ${folder}`]];
