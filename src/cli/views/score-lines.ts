/** Scores of a fine-tuned model beside others, and what to do with it next, as lines of a table. */
import type { Baseline } from '../../runs/finetune/baselines.ts';
import { marginText } from '../../runs/finetune/margin-text.ts';
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

function marginLines(scores: readonly Baseline[]): [string, string][] {
  return scores
    .flatMap(({ name, margin }) => (margin ? [`${marginText(margin)} over ${name}`] : []))
    .map((text, i) => [i === 0 ? 'row by row' : '', text]);
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
