/** The report of a sweep: its history, which parameters matter, and every trial as a line across them. One HTML file. */
import { boundsOf, type Distribution, indexOf } from '../../evaluate/search/distributions.ts';
import { importances } from '../../evaluate/search/importance.ts';
import type { Space } from '../../evaluate/search/space.ts';
import { betterFirst, type Direction } from '../../evaluate/search/trial.ts';
import { writeFileAtomically } from '../../support/files.ts';
import { type Axis, bars, figureStyle, parallelCoordinates, scatter, shortNumber } from '../report/figures.ts';
import { type Html, html } from '../report/html.ts';
import { cardSection, figureCards, htmlPage } from '../report/page.ts';
import type { FinalScore } from './adopt-best.ts';
import type { TrialState } from './trial-log.ts';

export interface SweepReport {
  name: string;
  /** What the trials are ranked by. */
  metric: string;
  direction: Direction;
  space: Space;
  trials: readonly TrialState[];
  best?: TrialState;
  final?: FinalScore;
  /** The best trial's recipe as YAML. */
  recipe?: string;
}

export const writeSweepReport = (path: string, report: SweepReport): void =>
  writeFileAtomically(path, sweepPage(report).source);

export function sweepPage(report: SweepReport): Html {
  const { name, metric, direction, space, trials, best, final, recipe } = report;
  const scored = trials.flatMap(trial => {
    const value = lastValue(trial);
    return value === undefined || !Number.isFinite(value) ? [] : [{ trial, value }];
  });
  const important = importances(space, trials, { direction });
  const complete = trials.filter(({ state }) => state === 'complete').length;
  const figures = [
    {
      name: `Best ${metric}`,
      value: best ? shortNumber(best.value!) : '–',
      note: best ? `trial ${best.number}` : 'no trial has ended',
    },
    ...(final ? [{ name: `On ${final.on}`, value: shortNumber(final.value), note: 'not used in the search' }] : []),
    { name: 'Trials', value: String(trials.length), note: `${complete} to the end` },
    {
      name: 'Time',
      value: `${shortNumber(trials.reduce((sum, { seconds = 0 }) => sum + seconds, 0) / 60)} min`,
      note: 'of those to the end',
    },
  ];
  return htmlPage(
    { title: name, styles: [figureStyle] },
    html`<h1>${name}</h1>
${figureCards(figures)}
${scored.length > 0 && cardSection('History', history(scored, direction, best), 'A point a trial; pale ones were stopped before their end. The line is the best so far.')}
${
  complete >= 4 &&
  cardSection(
    'What matters',
    bars(
      important.map(({ name: title, importance }) => ({ name: title, value: importance })),
      { label: 'Importance of parameters' },
    ),
    'How far the best tenth of the trials lies from all of them, parameter by parameter (PED-ANOVA).',
  )
}
${scored.length > 1 && cardSection('Trials across their parameters', strands(space, scored, metric, direction), 'A line a trial, the better the stronger; the best in orange.')}
${cardSection('All trials', trialTable(space, trials, metric, best))}
${recipe !== undefined && cardSection('The best recipe', html`<pre>${recipe}</pre>`)}
`,
  );
}

const lastValue = ({ value, reports }: TrialState): number | undefined =>
  value ?? [...reports].reduce<[number, number] | undefined>((a, b) => (a && a[0] > b[0] ? a : b), undefined)?.[1];

interface Scored {
  trial: TrialState;
  value: number;
}

function history(scored: readonly Scored[], direction: Direction, best: TrialState | undefined): Html {
  const order = betterFirst(direction);
  const line: { x: number; y: number }[] = [];
  for (const { trial, value } of scored) {
    const before = line.at(-1)?.y;
    if (trial.state !== 'complete') continue;
    line.push({ x: trial.number, y: before === undefined || order(value, before) < 0 ? value : before });
  }
  const points = scored.map(({ trial, value }) => ({
    x: trial.number,
    y: value,
    title: titleOf(trial, value),
    isFaint: trial.state !== 'complete',
    isMarked: trial.number === best?.number,
  }));
  return scatter(points, { label: 'History of the search', xLabel: 'trial', line });
}

const titleOf = ({ number, values }: TrialState, value: number): string =>
  `trial ${number}: ${shortNumber(value)}\n${Object.entries(values)
    .map(([name, own]) => `${name} ${valueText(own)}`)
    .join('\n')}`;

const valueText = (value: unknown): string =>
  typeof value === 'number' ? shortNumber(value) : typeof value === 'string' ? value : JSON.stringify(value);

function strands(space: Space, scored: readonly Scored[], metric: string, direction: Direction): Html {
  const order = betterFirst(direction);
  const ranked = [...scored].sort((a, b) => order(b.value, a.value));
  const values = scored.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const axes: Axis[] = [
    ...Object.entries(space).map(([name, { distribution }]) => axisOf(name, distribution)),
    {
      name: metric,
      place: value => (low === high ? 0.5 : ((value as number) - low) / (high - low)),
      low: shortNumber(low),
      high: shortNumber(high),
    },
  ];
  const lines = ranked.map(({ trial, value }, i) => ({
    values: [...Object.keys(space).map(name => trial.values[name]), value],
    rank: ranked.length === 1 ? 1 : i / (ranked.length - 1),
    title: titleOf(trial, value),
  }));
  return parallelCoordinates(axes, lines, { label: 'Trials across their parameters' });
}

function axisOf(name: string, distribution: Distribution): Axis {
  const short = name.split('.').at(-1)!;
  if (distribution.kind === 'choice') {
    const { choices } = distribution;
    const place = (value: unknown): number =>
      choices.length === 1 ? 0.5 : indexOf(distribution, value) / (choices.length - 1);
    return { name: short, place, low: valueText(choices[0]), high: valueText(choices.at(-1)) };
  }
  const [low, high] = boundsOf({ ...distribution, step: undefined });
  const at = (value: number): number => (distribution.log ? Math.log(value) : value);
  const place = (value: unknown): number => (low === high ? 0.5 : (at(value as number) - low) / (high - low));
  return { name: short, place, low: shortNumber(distribution.low), high: shortNumber(distribution.high) };
}

function trialTable(space: Space, trials: readonly TrialState[], metric: string, best: TrialState | undefined): Html {
  const names = Object.keys(space);
  const row = (trial: TrialState): Html => {
    const value = lastValue(trial);
    return html`<tr><td>${trial.number}</td><td class="${trial.number === best?.number && 'best'}">${value === undefined ? '–' : shortNumber(value)}</td><td>${trial.state === 'failed' ? (trial.message ?? 'failed') : trial.state}</td>${names.map(name => html`<td>${name in trial.values ? valueText(trial.values[name]) : ''}</td>`)}</tr>`;
  };
  return html`<table class="data"><thead><tr><th>Trial</th><th>${metric}</th><th>End</th>${names.map(name => html`<th>${name}</th>`)}</tr></thead><tbody>${trials.map(row)}</tbody></table>`;
}
