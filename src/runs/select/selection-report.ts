/** The report of a choice: quality beside cost as a picture, every model as a row, and why it is that one. One HTML file. */
import { writeFileAtomically } from '../../support/files.ts';
import { formatBytes } from '../../support/format.ts';
import { figureStyle, shortNumber } from '../report/figures.ts';
import { type Html, html } from '../report/html.ts';
import { cardSection, figureCards, htmlPage } from '../report/page.ts';
import type { Choice, Judged, Limits } from './choose.ts';
import type { Quality } from './quality.ts';

export interface SelectionReport {
  choice: Choice;
  reason: string;
  rule: string;
  limits: Limits;
  /** A quality as people read it. */
  unit: (value: number) => string;
  final?: Quality;
  holdout: number;
}

export const writeSelectionReport = (path: string, report: SelectionReport): void =>
  writeFileAtomically(path, selectionPage(report).source);

export function selectionPage({ choice, reason, rule, limits, unit, final, holdout }: SelectionReport): Html {
  const { models, chosen } = choice;
  const taken = models[chosen];
  const tasks = taken.quality.tasks;
  const figures = [
    {
      name: 'Chosen',
      value: shortName(taken.name),
      note: `${unit(taken.quality.value)} ± ${unit(taken.quality.stderr)}`,
    },
    { name: 'Speed', value: `${shortNumber(taken.costs.tokensPerSecond)}/s`, note: 'tokens, one text at a time' },
    ...(taken.costs.memory === null
      ? []
      : [{ name: 'Memory', value: formatBytes(taken.costs.memory), note: 'at its peak' }]),
    ...(final
      ? [
          {
            name: 'On other documents',
            value: unit(final.value),
            note: `± ${unit(final.stderr)}, left out of the choice`,
          },
        ]
      : []),
  ];
  return htmlPage(
    { title: 'Choice of a model', styles: [figureStyle] },
    html`<h1>${reason}</h1>
${figureCards(figures)}
${cardSection('Quality and speed', qualityBySpeed(choice), 'Up is better, right is faster; bars are 95 % intervals. The line is the Pareto front: nothing on it is worse in quality, speed, memory and disk than another. Orange is the chosen one, pale what the limits exclude.')}
${cardSection('Models', modelTable(choice, unit), `The rule: ${rule}. ${limitsText(limits)}`)}
${tasks.length > 1 && cardSection('Tasks', taskTable(models), 'Values with their standard errors.')}
${holdout > 0 && html`<p class="hint">A share of ${holdout} of the documents was left out of the choice; the chosen model was measured on it afterwards.</p>`}
`,
  );
}

export const shortName = (name: string): string =>
  name
    .replace(/\/(model)?\/?$/, '')
    .split('/')
    .at(-1)!;

function limitsText({ maxMemory, maxDisk, minTokensPerSecond, maxFirstToken }: Limits): string {
  const parts = [
    ...(maxMemory === undefined ? [] : [`at most ${formatBytes(maxMemory)} of memory`]),
    ...(maxDisk === undefined ? [] : [`at most ${formatBytes(maxDisk)} on disk`]),
    ...(minTokensPerSecond === undefined ? [] : [`at least ${minTokensPerSecond} tokens a second`]),
    ...(maxFirstToken === undefined ? [] : [`at most ${maxFirstToken} s to the first token`]),
  ];
  return parts.length === 0 ? 'No limits were given.' : `Limits: ${parts.join(', ')}.`;
}

const [WIDTH, HEIGHT] = [960, 380];

/** Quality over the logarithm of speed. */
function qualityBySpeed({ models, chosen }: Choice): Html {
  const speeds = models.map(({ costs }) => Math.log10(costs.tokensPerSecond));
  const sign = models[0].quality.higherIsBetter ? 1 : -1;
  const values = models.flatMap(({ quality: { interval, value } }) =>
    [...interval.filter(Number.isFinite), value].map(one => one * sign),
  );
  const place =
    (low: number, high: number, from: number, to: number) =>
    (value: number): number =>
      low === high ? (from + to) / 2 : from + ((value - low) / (high - low)) * (to - from);
  const x = place(Math.min(...speeds), Math.max(...speeds), 110, WIDTH - 150);
  const y = place(Math.min(...values), Math.max(...values), HEIGHT - 60, 34);
  const at = (model: Judged): [number, number] => [
    x(Math.log10(model.costs.tokensPerSecond)),
    y(model.quality.value * sign),
  ];
  const front = models
    .filter(({ isOnFront }) => isOnFront)
    .sort((a, b) => a.costs.tokensPerSecond - b.costs.tokensPerSecond);
  const line = front
    .map(model =>
      at(model)
        .map(one => one.toFixed(1))
        .join(','),
    )
    .join(' ');
  const labels = labelPlaces(
    models.map(at),
    models.map(({ name }) => shortName(name)),
  );
  const ticks = apart(models.map(model => at(model)[0]));
  return html`<svg class="figure" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Quality and speed of the models">
${[0, 0.25, 0.5, 0.75, 1].map(share => {
  const value = Math.min(...values) + share * (Math.max(...values) - Math.min(...values));
  return html`<line class="grid" x1="70" x2="${WIDTH - 10}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/><text x="62" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${shortNumber(value * sign)}</text>`;
})}
<text x="${WIDTH - 10}" y="${HEIGHT - 8}" text-anchor="end">tokens a second</text>
<polyline class="strand" style="opacity:0.5" points="${line}"/>
${models.map((model, i) => {
  const [cx, cy] = at(model);
  const [labelX, labelY] = labels[i];
  const [low, high] = model.quality.interval.map(one => y(one * sign));
  const kind = i === chosen ? 'marked' : model.excluded.length > 0 ? 'faint' : 'point';
  return html`<line class="whisker" x1="${cx.toFixed(1)}" x2="${cx.toFixed(1)}" y1="${low.toFixed(1)}" y2="${high.toFixed(1)}"/>
<circle class="${kind}" cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="${i === chosen ? 9 : 6}"><title>${model.name}: ${shortNumber(model.quality.value)}, ${shortNumber(model.costs.tokensPerSecond)} tokens a second</title></circle>
<text class="label" x="${labelX.toFixed(1)}" y="${labelY.toFixed(1)}">${shortName(model.name)}</text>
${ticks.has(i) && html`<text x="${cx.toFixed(1)}" y="${HEIGHT - 34}" text-anchor="middle">${shortNumber(model.costs.tokensPerSecond)}</text>`}`;
})}
</svg>`;
}

/** Pixels of a letter of a label, and of its line. */
const [LETTER, LINE] = [7.6, 17];

/** Beside each point, moved up or down until no two labels lie over each other, nor over another point. */
export function labelPlaces(
  points: readonly (readonly [number, number])[],
  names: readonly string[],
): [number, number][] {
  const taken: { left: number; right: number; y: number }[] = points.map(([x, y]) => ({
    left: x - 10,
    right: x + 10,
    y: y + 5,
  }));
  const order = [...points.keys()].sort((a, b) => points[a][1] - points[b][1]);
  const places = new Array<[number, number]>(points.length);
  for (const i of order) {
    const [x, y] = points[i];
    const left = x + 14;
    const right = left + LETTER * names[i].length;
    const isFree = (at: number): boolean =>
      taken.every(other => other.right < left || other.left > right || Math.abs(other.y - at) >= LINE);
    const tried = Array.from({ length: 40 }, (_, step) => y + 5 + (step % 2 === 0 ? -1 : 1) * Math.ceil(step / 2) * 4);
    const within = tried.filter(at => at > LINE && at < HEIGHT - 52);
    const found = within.find(isFree) ?? y + 5;
    taken.push({ left, right, y: found });
    places[i] = [left, found];
  }
  return places;
}

/** Those whose numbers below the axis do not run into one before them. */
function apart(xs: readonly number[]): Set<number> {
  const chosen = new Set<number>();
  let last = Number.NEGATIVE_INFINITY;
  for (const i of [...xs.keys()].sort((a, b) => xs[a] - xs[b])) {
    if (xs[i] - last < 46) continue;
    chosen.add(i);
    last = xs[i];
  }
  return chosen;
}

function modelTable({ models, chosen, best }: Choice, unit: (value: number) => string): Html {
  const row = (model: Judged, i: number): Html => {
    const { costs, quality } = model;
    const notes = [
      ...(i === chosen ? ['chosen'] : []),
      ...(i === best ? ['best'] : []),
      ...(model.isNearBest && i !== best ? ['within one standard error'] : []),
      ...(model.isOnFront ? ['front'] : []),
      ...model.excluded,
    ];
    return html`<tr><td class="${i === chosen && 'best'}">${model.name}</td><td>${unit(quality.value)} ± ${unit(quality.stderr)}</td><td>${shortNumber(costs.tokensPerSecond)}</td><td>${costs.firstToken === null ? '–' : `${(1000 * costs.firstToken).toFixed(0)} ms`}</td><td>${costs.memory === null ? '–' : formatBytes(costs.memory)}</td><td>${costs.disk === null ? '–' : formatBytes(costs.disk)}</td><td>${notes.join(', ')}</td></tr>`;
  };
  return html`<table class="data"><thead><tr><th>Model</th><th>Quality</th><th>Tokens/s</th><th>First token</th><th>Memory</th><th>Disk</th><th></th></tr></thead><tbody>${models.map(row)}</tbody></table>`;
}

function taskTable(models: readonly Judged[]): Html {
  const { tasks } = models[0].quality;
  return html`<table class="data"><thead><tr><th>Model</th>${tasks.map(({ task, metric }) => html`<th>${task} (${metric})</th>`)}</tr></thead><tbody>${models.map(
    ({ name, quality }) =>
      html`<tr><td>${name}</td>${quality.tasks.map(({ value, stderr }) => html`<td>${value.toFixed(3)} ± ${stderr.toFixed(3)}</td>`)}</tr>`,
  )}</tbody></table>`;
}
